"""What operators do through the API: once, noted in the trail, and only by who may."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.graphql.client import Api
from tests.graphql.shop import TODAY
from tests.graphql.test_query_counts import counted

from accountpulse.core.clock import FixedClock
from accountpulse.core.sync.results import Progress
from accountpulse.core.trail import operator
from accountpulse.hub import Hub

ERRORS = "userErrors { field code message }"
SYNC = "mutation($input: StartSyncInput!) { done: startSync(input: $input) { started connection { name } " + ERRORS + " } }"
CANCEL = (
    "mutation($input: CancelSyncInput!) { done: cancelSync(input: $input) { cancelled connection { name } " + ERRORS + " } }"
)
RETRY = "mutation($input: StreamInput!) { done: retryQuarantine(input: $input) { started " + ERRORS + " } }"
CONFIRM = "mutation($input: StreamInput!) { done: confirmDeletes(input: $input) { started " + ERRORS + " } }"
PAUSE = (
    "mutation($input: PauseConnectionInput!) { done: pauseConnection(input: $input) {"
    " connection { state message pausedUntil } " + ERRORS + " } }"
)
RESUME = (
    "mutation($input: ResumeConnectionInput!) { done: resumeConnection(input: $input) {"
    " connection { state pausedUntil } " + ERRORS + " } }"
)
PUBLISH = (
    "mutation($input: PublishModelsInput!) { done: publishModels(input: $input) {"
    " release { number action author reason restored inForce } problems { place } " + ERRORS + " } }"
)
ROLL_BACK = (
    "mutation($input: RollBackModelsInput!) { done: rollBackModels(input: $input) {"
    " release { number action restored inForce } " + ERRORS + " } }"
)
CREATE = (
    "mutation($input: CreateTokenInput!) { done: createToken(input: $input) {"
    " token apiToken { name prefix scopes expiresAt revokedAt } " + ERRORS + " } }"
)
REVOKE = (
    "mutation($input: RevokeTokenInput!) { done: revokeToken(input: $input) { apiToken { name revokedAt } " + ERRORS + " } }"
)
LINKED = " { account { name links { key method } } formerAccount { name } unlinked { key reason } scored " + ERRORS + " } }"
LINK = "mutation($input: LinkRecordInput!) { done: linkRecord(input: $input)" + LINKED
UNLINK = "mutation($input: UnlinkRecordInput!) { done: unlinkRecord(input: $input)" + LINKED
RELEASE = "mutation($input: ReleaseRecordInput!) { done: releaseRecord(input: $input)" + LINKED
TRAIL = """query($of: AccountBy) { auditTrail(account: $of, first: 10) {
  totalCount nodes { number at action actor token input result account { name } } } }"""
RECORD = {"connection": "desk", "key": "z1"}


@pytest.fixture
def api(shop: Hub) -> Api:
    return Api(shop, scopes=["read", "write", "admin"])  # type: ignore[arg-type]  # the real hub


def done(api: Api, mutation: str, **input: Any) -> Any:
    return api.get(mutation, input=input)["done"]


def wrong(api: Api, mutation: str, **input: Any) -> tuple[list[str], str, str]:
    (error,) = done(api, mutation, **input)["userErrors"]
    return error["field"], error["code"], error["message"]


def test_a_sync_is_started_once_and_followed_by_scores(shop: Hub, api: Api, shop_folder: Path) -> None:
    rows = "a1,Acme,enterprise,2024-01-05\na2,Beta,starter,2024-06-05\na3,Gamma,starter,2024-06-05\n"
    (shop_folder / "accounts.csv").write_text("id,name,plan,since\n" + rows)
    started = done(api, SYNC, connection="files", idempotencyKey="k")
    assert (started["started"], started["connection"], started["userErrors"]) == (True, {"name": "files"}, [])
    shop.background.wait()
    scored = api.get("{ accounts(filter: {score: {null: false}}) { nodes { name } } connections { name lastRuns { state } } }")
    assert [node["name"] for node in scored["accounts"]["nodes"]] == ["Acme", "Beta", "Gamma"]
    runs = {each["name"]: len(each["lastRuns"]) for each in scored["connections"]}
    assert runs["files"] == 2
    assert done(api, SYNC, connection="files", idempotencyKey="k")["started"] is False
    shop.background.wait()
    again = api.get("{ connections { name lastRuns { state } } }")["connections"]
    assert {each["name"]: len(each["lastRuns"]) for each in again} == runs
    assert wrong(api, SYNC, connection="nothing")[:2] == (["input", "connection"], "NOT_FOUND")
    assert wrong(api, SYNC, connection="people")[:2] == (["input", "connection"], "NOT_FOUND")
    assert "it has: " in wrong(api, SYNC, connection="files", stream="nothing")[2]
    assert wrong(api, SYNC, connection="desk", idempotencyKey="k")[1] == "CONFLICT"


def test_what_is_in_progress_is_not_started_again(shop: Hub, api: Api) -> None:
    hold = threading.Event()
    assert shop.background.start("sync of files", hold.wait)
    assert done(api, SYNC, connection="files")["started"] is False
    hold.set()
    shop.background.wait()
    assert done(api, SYNC, connection="files")["started"] is True


def test_what_waits_is_forgotten_when_it_is_cancelled(shop: Hub, api: Api) -> None:
    hold = threading.Event()
    assert shop.background.start("something else", hold.wait)
    assert done(api, SYNC, connection="desk")["started"] is True
    cancelled = done(api, CANCEL, connection="desk")
    assert (cancelled["cancelled"], cancelled["connection"]["name"]) == (True, "desk")
    assert done(api, CANCEL, connection="desk")["cancelled"] is False
    hold.set()
    shop.background.wait()
    assert [len(runs) for runs in _runs(api, "desk")] == [1]
    assert wrong(api, CANCEL, connection="nothing")[:2] == (["input", "connection"], "NOT_FOUND")


def _runs(api: Api, name: str) -> list[list[Any]]:
    found = api.get("{ connections { name lastRuns { state } } }")["connections"]
    return [each["lastRuns"] for each in found if each["name"] == name]


def test_a_paused_connection_rests_until_it_is_resumed(shop: Hub, api: Api) -> None:
    until = TODAY + timedelta(hours=2)
    paused = done(api, PAUSE, connection="desk", until=until.isoformat(), reason="migration")["connection"]
    assert paused == {"state": "PAUSED", "message": "tests paused it: migration", "pausedUntil": until.isoformat()}
    assert done(api, PAUSE, connection="desk", until=until.isoformat(), reason="migration")["connection"] == paused, "again"
    assert [result.state for result in shop.sync("desk")] == ["paused"]
    assert wrong(api, SYNC, connection="desk")[2] == f"desk rests until {until:%Y-%m-%d %H:%M} UTC: resume it first"
    assert done(api, RESUME, connection="desk")["connection"] == {"state": "OK", "pausedUntil": None}
    assert [result.state for result in shop.sync("desk")] == ["ok"]
    assert wrong(api, RESUME, connection="desk") == (["input", "connection"], "INVALID", "desk is not paused: it is ok")
    assert done(api, PAUSE, connection="desk")["connection"]["pausedUntil"].startswith("9999")
    assert wrong(api, SYNC, connection="desk")[2] == "desk rests: resume it first"
    past = (TODAY - timedelta(days=1)).isoformat()
    assert wrong(api, PAUSE, connection="desk", until=past)[:2] == (["input", "until"], "INVALID")


def test_a_pause_during_a_run_outlives_it(shop: Hub, api: Api) -> None:
    def pause(step: Progress) -> None:
        if step.connection == "desk":
            done(api, PAUSE, connection="desk")

    assert [result.state for result in shop.sync("desk", on_progress=pause)] == ["ok"]
    states = {each["name"]: each["state"] for each in api.get("{ connections { name state } }")["connections"]}
    assert states == {"desk": "PAUSED", "files": "OK", "usage": "OK"}


def test_models_are_published_and_rolled_back(shop: Hub, api: Api) -> None:
    first = api.get("{ releases { number action author inForce } }")["releases"]
    assert first == [{"number": 1, "action": "PUBLISH", "author": "accountpulse", "inForce": True}]
    assert done(api, PUBLISH) == {"release": None, "problems": [], "userErrors": []}
    segments = (
        "- {name: starters, model: standard, when: {plan: {in: [starter]}}}\n- {name: rest, model: standard, default: true}"
    )
    asked = {"segments": segments, "reason": "starters are different", "expectedRelease": 1}
    published = done(api, PUBLISH, **asked, idempotencyKey="p")
    assert published["release"] == {
        "number": 2,
        "action": "PUBLISH",
        "author": "tests",
        "reason": "starters are different",
        "restored": None,
        "inForce": True,
    }
    assert done(api, PUBLISH, **asked, idempotencyKey="p") == published
    assert [each["name"] for each in api.get("{ segments { name } }")["segments"]] == ["starters", "rest"]
    assert wrong(api, PUBLISH, expectedRelease=1)[:2] == (["input", "expectedRelease"], "CONFLICT")
    assert done(api, PUBLISH, models=["goal: churn"])["problems"]
    back = done(api, ROLL_BACK, reason="no")["release"]
    assert back == {"number": 3, "action": "ROLLBACK", "restored": 1, "inForce": True}
    assert wrong(api, ROLL_BACK, release=77)[:2] == (["input", "release"], "NOT_FOUND")


def test_tokens_are_made_shown_once_and_revoked(shop: Hub, api: Api) -> None:
    expires = (TODAY + timedelta(days=3650)).isoformat()
    asked = {"name": "weekly report", "scopes": ["READ", "WRITE"], "expiresAt": expires, "idempotencyKey": "t"}
    made = done(api, CREATE, **asked)
    token, shown = made["token"], made["apiToken"]
    assert token.startswith(f"ap_{shown['prefix']}")
    assert (shown["name"], shown["scopes"], shown["revokedAt"]) == ("weekly report", ["read", "write"], None)
    again = done(api, CREATE, **asked)
    assert (again["token"], again["apiToken"]) == (None, shown)
    viewer = {"json": {"query": "{ viewer { name } }"}, "headers": {"authorization": f"Bearer {token}"}}
    assert api.http.post("/graphql", **viewer).status_code == 200
    assert done(api, REVOKE, prefix=f"ap_{shown['prefix']}")["apiToken"]["revokedAt"]
    assert api.http.post("/graphql", **viewer).status_code == 401
    assert wrong(api, REVOKE, prefix="nothing")[1] == "NOT_FOUND"
    assert wrong(api, CREATE, name=" ")[:2] == (["input", "name"], "INVALID")
    assert wrong(api, CREATE, name="x", scopes=[])[:2] == (["input", "scopes"], "INVALID")
    listed = api.get("{ tokens { name prefix } }")["tokens"]
    assert [each["name"] for each in listed] == ["weekly report", "tests"]
    body = str(api.get(TRAIL)) + str(listed)
    assert token not in body


def test_a_person_says_where_a_record_belongs(shop: Hub, api: Api) -> None:
    assert api.get("{ unlinked { nodes { key } } }")["unlinked"]["nodes"] == [{"key": "z1"}]
    linked = done(api, LINK, record=RECORD, account={"name": "Acme"}, reason="they told us", expectedRevision=0)
    assert linked["account"]["links"] == [{"key": "a1", "method": "ANCHOR"}, {"key": "z1", "method": "MANUAL"}]
    assert (linked["formerAccount"], linked["unlinked"], linked["userErrors"]) == (None, None, [])
    assert wrong(api, LINK, record=RECORD, account={"name": "Beta"}, expectedRevision=7)[:2] == (
        ["input", "expectedRevision"],
        "CONFLICT",
    )
    moved = done(api, LINK, record=RECORD, account={"name": "Beta"})
    assert (moved["account"]["name"], moved["formerAccount"]) == ("Beta", {"name": "Acme"})
    parted = done(api, UNLINK, record=RECORD)
    assert (parted["account"], parted["formerAccount"]) == (None, {"name": "Beta"})
    assert parted["unlinked"] == {"key": "z1", "reason": "tests unlinked it"}
    assert done(api, RELEASE, record=RECORD)["unlinked"]["key"] == "z1"
    assert wrong(api, RELEASE, record=RECORD)[:2] == (["input", "record"], "NOT_FOUND")
    assert wrong(api, LINK, record=RECORD, account={"name": "Nobody"})[:2] == (["input", "account"], "NOT_FOUND")
    assert wrong(api, LINK, record={"connection": "desk", "key": "?"}, account={"name": "Acme"})[1] == "NOT_FOUND"


def test_the_trail_says_who_did_what(shop: Hub, api: Api) -> None:
    done(api, PAUSE, connection="desk", reason="quiet")
    done(api, LINK, record=RECORD, account={"name": "Acme"})
    shop.people.add_note("Acme", "by hand", asker=operator("Ann"))
    found = api.get(TRAIL)["auditTrail"]
    assert [(each["action"], each["actor"]) for each in found["nodes"]] == [
        ("note.add", "Ann"),
        ("link.set", "tests"),
        ("connection.pause", "tests"),
    ]
    assert found["nodes"][2]["input"] == {"connection": "desk", "until": None, "reason": "quiet"}
    assert [each["token"] is None for each in found["nodes"]] == [True, False, False]
    of = api.get(TRAIL, of={"name": "Acme"})["auditTrail"]
    assert (of["totalCount"], of["nodes"][0]["account"]) == (2, {"name": "Acme"})
    assert api.ask(TRAIL, of={"name": "Nobody"}).codes == ["NOT_FOUND"]
    counts = []
    for first in (1, 3):
        with counted(shop.store) as statements:
            api.get("query($n: Int) { auditTrail(first: $n) { nodes { action account { name } } } }", n=first)
        counts.append(len(statements))
    assert counts == [2, 2]


ADMIN_ONLY = [
    ("{ tokens { name } }", {}),
    ("{ auditTrail { totalCount } }", {}),
    (PAUSE, {"connection": "desk"}),
    (RESUME, {"connection": "desk"}),
    (CREATE, {"name": "x"}),
    (REVOKE, {"prefix": "x"}),
    (CONFIRM, {"connection": "desk", "stream": "x"}),
]


def test_a_token_without_the_scope_may_not(shop: Hub, subtests: pytest.Subtests) -> None:
    api = Api(shop, scopes=["read", "write"])  # type: ignore[arg-type]  # the real hub
    for document, input in ADMIN_ONLY:
        with subtests.test(document):
            assert api.ask(document, **({"input": input} if document.startswith("mutation") else {})).codes == ["FORBIDDEN"]
    admin = Api(shop, scopes=["read", "admin"])  # type: ignore[arg-type]  # the real hub
    with subtests.test("a token that may do more than the one that asks"):
        assert admin.ask(CREATE, input={"name": "x", "scopes": ["WRITE"]}).codes == ["FORBIDDEN"]
    with subtests.test("where nobody signs in"):
        anyone = Api(shop, require_token=False)  # type: ignore[arg-type]  # the real hub
        anyone.headers = {}
        assert anyone.ask("{ tokens { name } }").codes == ["FORBIDDEN"]


def test_what_could_not_be_understood_is_listed_and_read_again(shop: Hub, api: Api, shop_folder: Path) -> None:
    good = "z1,Acme Support,acme.example\n" + "".join(f"y{i},Many {i},many{i}.example\n" for i in range(30))
    (shop_folder / "desk.csv").write_text("id,name,domain\n" + good + ",Nobody,b.example\n")
    shop.sync("desk")
    quarantine = "quarantine(first: 5) { totalCount records { stream reason } }"
    query = f"{{ connections {{ name heldDeletes {{ stream vanished known }} {quarantine} }} }}"
    with counted(shop.store) as statements:
        found = {each["name"]: each for each in api.get(query)["connections"]}
    assert len(statements) == 3
    assert found["files"]["quarantine"] == {"totalCount": 0, "records": []}
    assert found["desk"]["quarantine"]["totalCount"] == 1
    (record,) = found["desk"]["quarantine"]["records"]
    assert api.ask("{ connections { quarantine(first: 0) { totalCount } } }").codes == ["BAD_INPUT"]
    (shop_folder / "desk.csv").write_text("id,name,domain\n" + good + "x1,Nobody,b.example\n")
    assert isinstance(shop.clock, FixedClock)
    shop.clock.advance(timedelta(minutes=1))
    retried = done(api, RETRY, connection="desk", stream=record["stream"])
    assert (retried["started"], retried["userErrors"]) == (True, [])
    shop.background.wait()
    after = {each["name"]: each["quarantine"]["totalCount"] for each in api.get(query)["connections"]}
    assert after["desk"] == 0
    assert wrong(api, RETRY, connection="desk", stream=record["stream"])[:2] == (["input", "stream"], "NOT_FOUND")
