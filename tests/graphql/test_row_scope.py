"""A viewer limited to one owner learns nothing of another's account, by any root field.

Every root field of the schema has an entry here, or the first test fails. What lists or counts must say the same before and
after an account of somebody else comes; what is asked about somebody else's account must answer as for one that never was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.graphql.client import Api
from tests.graphql.root_fields import ERRORS, FOR_ALL, LEADING, LISTS, MUTATIONS, OTHERWISE, QUERIES, TELLING, Target
from tests.graphql.shop import HOST, TODAY
from tests.graphql.test_query_counts import counted
from tests.graphql.world import World
from tests.test_opening import settings_of

from accountpulse.config.settings import ConnectionSettings
from accountpulse.core.clock import FixedClock
from accountpulse.core.store import tables
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.revisions import bump
from accountpulse.core.store.scope import EVERYTHING, RowScope
from accountpulse.core.store.types import EPOCH
from accountpulse.core.trail import operator
from accountpulse.graphql.live.subscriptions import _CURSORS as SCORES
from accountpulse.graphql.schema import build_schema
from accountpulse.hub import Hub
from accountpulse.serving import serving
from accountpulse.testing.stores import fresh_store
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_interface_type

SCHEMA = build_schema()._schema
ANN = RowScope(owners=frozenset({"Ann"}))
BOB = operator("Bob")
SECRET = "Hidden"
"""Part of every text that belongs to Bob's accounts."""


def test_every_root_field_has_an_entry() -> None:
    entries = {
        "Query": LISTS.keys() | QUERIES.keys() | OTHERWISE["Query"],
        "Mutation": MUTATIONS.keys() | FOR_ALL.keys() | OTHERWISE["Mutation"],
        "Subscription": OTHERWISE["Subscription"],
    }
    for root, named in entries.items():
        kind = SCHEMA.type_map[root]
        assert isinstance(kind, GraphQLObjectType)
        assert set(kind.fields) == named


def test_every_way_to_an_account_is_known() -> None:
    ways = {
        f"{kind.name}.{name}"
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name in ("Account", "AccountConnection", "UnlinkedAccount", "UnlinkedAccountConnection")
        or (is_interface_type(get_named_type(field.type)) and kind.name == "Query")
    }
    assert ways == LEADING
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    of_all = {"Metric", "Model", "Segment", "SourceConnection"}  # with the same fields as in the lists
    assert {kind.name for kind in SCHEMA.get_possible_types(node)} - of_all == {"Account", "UnlinkedAccount"}


# --- the firm -------------------------------------------------------------------------------------------------------------


@contextmanager
def opened(folder: Path) -> Iterator[Hub]:
    """Acme is Ann's; Hidden Two is Bob's, with whatever there can be of an account."""
    with fresh_store(folder) as store:
        made = settings_of(store, folder)
        rows = "id,name,domain,owner,since\na1,Acme,acme.example,Ann,2024-01-05\na2,Hidden Two,hidden.example,Bob,2024-06-05\n"
        (folder / "accounts.csv").write_text(rows)
        (folder / "desk.csv").write_text("id,name,domain\nHidden-z2,Hidden Desk,hidden.example\n")
        columns = {"source_id": "id", "name": "name", "domains": "domain"}
        more = {"files": {"owner": "owner", "customer_since": "since"}, "desk": {}}
        connections = dict(made.connections)
        for name, path in (("files", "accounts.csv"), ("desk", "desk.csv")):
            file = {"path": str(folder / path), "record": "account", "columns": columns | more[name], "timezone": "UTC"}
            config = HOST.connectors["tabular"].Config.model_validate({"files": [file]})
            connections[name] = ConnectionSettings(name=name, connector="tabular", anchor=name == "files", config=config)
        with Hub.open(replace(made, connections=connections), host=HOST, clock=FixedClock(TODAY)) as hub:
            hub.sync()
            hub.score(since=hub.today - timedelta(days=1))
            hub.links.link("desk:Hidden-z2", "Hidden Two", asker=BOB)
            until = TODAY + timedelta(days=9)
            hub.people.override("Hidden Two", 9, owner="Bob", reason="Hidden reason", until=until, asker=BOB)
            hub.people.set_target("Hidden Two", 80, due=until.date(), owner="Bob", reason="Hidden target", asker=BOB)
            hub.people.add_note("Hidden Two", "Hidden note", author="Bob", asker=BOB)
            hub.people.enter_pulse("Hidden Two", 10, author="Bob", reason="Hidden pulse", asker=BOB)
            hub.people.enter_outcome("Hidden Two", "renewed", currency="USD", asker=BOB)
            with store.write() as connection:
                a = tables.account_profile.c
                above = sa.select(a.account_id).where(a.name == "Hidden Two").scalar_subquery()
                connection.execute(sa.update(tables.account_profile).where(a.name == "Acme").values(parent_account_id=above))
            yield hub


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with opened(tmp_path_factory.mktemp("firm")) as hub:
        yield hub


@pytest.fixture(scope="module")
def ann(firm: Hub) -> Api:
    return client(firm, ANN)


def client(hub: Hub, rows: RowScope, *scopes: str) -> Api:
    return Api(hub, scopes=scopes or ("read", "write", "admin"), rows=rows)  # type: ignore[arg-type]  # the real hub


def hidden(hub: Hub) -> Target:
    with hub.store.read() as connection:
        id = connection.execute(
            sa.select(tables.account_profile.c.account_id).where(tables.account_profile.c.name == "Hidden Two")
        ).scalar_one()
    return Target(id, "Hidden Two", "hidden.example", "Hidden-z2", "1", 1_000)


ABSENT = Target(98_765, "Never Was", "never.example", "never-1", "98765", 98_766)


def another_of_bobs(hub: Hub, number: int) -> None:
    """An account of Bob's with a score, a history, a change in the trail, a use of a feature; and a record of nobody's."""
    world = World.over(hub.store)
    world._accounts = number
    id = world.account(f"Hidden {number}", score=50.0, owner="Bob", mrr=12_300)
    world.history(id, hub.today - timedelta(days=1), 40.0, live=False)
    world.unlinked(f"Hidden-{number}", id, name="Hidden Nobody")
    hub.people.add_note(f"Hidden {number}", "Hidden", author="Bob", asker=BOB)
    world.insert(
        tables.quarantine,
        {"connection_id": 1, "stream": "rows", "source_id": f"Hidden{number}", "reason": "Hidden", "seen_at": TODAY},
    )
    usage = {"connection_id": 1, "source_id": f"u{number}", "source_account_id": id + 0, "known_from": TODAY, "assumed": False}
    world.insert(
        FACTS["usage_day"],
        {**usage, "hash": b"1", "user": "u", "feature": "Hidden feature", "day": hub.today, "count": 3, "seconds": 4},
    )


# --- what is shown ----------------------------------------------------------------------------------------------------------


def test_what_lists_and_counts_says_nothing_of_others_accounts(firm: Hub, ann: Api, subtests: pytest.Subtests) -> None:
    everybody = client(firm, EVERYTHING)
    before, read = {}, {}
    ann.get("{ segments { name } }")  # the first such query looks how large models are
    for field, query in LISTS.items():
        with counted(firm.store) as read[field]:
            before[field] = ann.ask(query).body
    another_of_bobs(firm, 500)
    for field, query in LISTS.items():
        with subtests.test(field=field):
            with counted(firm.store) as statements:
                told = ann.ask(query).body
            assert len(statements) == len(read[field])
            assert "errors" not in told
            assert SECRET not in json.dumps(told)
            assert _told(told) == _told(before[field])
            if field in TELLING:
                assert _told(everybody.ask(query).body) != _told(told)
    assert "Acme" in json.dumps(ann.get(LISTS["accounts"]))


FILTERED: Mapping[str, str] = {
    "accounts": "query($of: AccountFilter) { accounts(filter: $of) { totalCount nodes { id } pageInfo { hasNextPage } } }",
    "portfolio": "query($of: AccountFilter) { portfolio(filter: $of, groupBy: [OWNER]) { accounts groups { accounts } } }",
    "featureAdoption": "query($of: AccountFilter) { featureAdoption(filter: $of) { accounts features { feature } } }",
}


def test_no_filter_finds_anothers_account(firm: Hub, ann: Api, subtests: pytest.Subtests) -> None:
    there, everybody = hidden(firm), client(firm, EVERYTHING)
    probes: list[Callable[[Target], dict[str, Any]]] = [
        lambda target: {"name": {"eq": target.name}},
        lambda target: {"domain": {"in": [target.domain]}},
        lambda target: {"and": [{"owner": {"eq": "Bob" if target is there else "Nobody"}}, {"score": {"null": False}}]},
        lambda target: {"not": {"name": {"eq": "Acme"}}, "name": {"contains": target.name[:4]}},
    ]
    for field, query in FILTERED.items():
        for number, probe in enumerate(probes):
            with subtests.test(field=field, probe=number):
                with counted(firm.store) as statements:
                    told = ann.get(query, of=probe(there))
                with counted(firm.store) as as_many:
                    none = ann.get(query, of=probe(ABSENT))
                assert told == none
                assert len(statements) == len(as_many)
                assert everybody.get(query, of=probe(there)) != none


def test_no_cursor_leads_to_anothers_account(firm: Hub, ann: Api) -> None:
    query = """query($after: String, $before: String, $first: Int, $last: Int) {
      accounts(after: $after, before: $before, first: $first, last: $last) {
        totalCount edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    everybody = client(firm, EVERYTHING).get(query, first=100)["accounts"]["edges"]
    assert len(everybody) > 1
    seen = []
    for edge in everybody:
        for asked in ({"after": edge["cursor"], "first": 5}, {"before": edge["cursor"], "last": 5}):
            page = ann.get(query, **asked)["accounts"]
            assert page["totalCount"] == 1
            assert {each["node"]["name"] for each in page["edges"]} <= {"Acme"}
            assert SECRET not in json.dumps(page)
            seen += page["edges"]
    assert seen


def _told(body: dict[str, Any]) -> object:
    return body.get("data"), body.get("errors")


def test_what_is_asked_about_anothers_account_is_answered_as_if_there_were_none(
    firm: Hub, ann: Api, subtests: pytest.Subtests
) -> None:
    there = hidden(firm)
    documents = {field: (query, ask) for field, (query, ask) in QUERIES.items()} | {
        field: (f"mutation($input: {_input(field)}!) {{ {field}(input: $input) {{ {ERRORS} }} }}", ask)
        for field, ask in MUTATIONS.items()
    }
    with firm.store.read() as connection:
        before = _changes(connection)
    for field, (document, ask) in documents.items():
        for asked, absent in zip(ask(there), ask(ABSENT), strict=True):
            with subtests.test(field=field, asked=json.dumps(asked)):
                with counted(firm.store) as statements:
                    told = ann.ask(document, **asked).body
                with counted(firm.store) as as_many:
                    none = ann.ask(document, **absent).body
                assert there.blanked(_told(_plain(told))) == ABSENT.blanked(_told(_plain(none)))
                assert len(statements) == len(as_many)
                codes = {error["extensions"]["code"] for error in told.get("errors", ())}
                assert codes <= {"NOT_FOUND"}  # it was a question that could be asked
    with firm.store.read() as connection:
        assert _changes(connection) == before


def test_the_owner_of_all_of_it_is_answered(firm: Hub) -> None:
    bob = client(firm, RowScope(owners=frozenset({"Bob"})))
    there = hidden(firm)
    query, ask = QUERIES["account"]
    assert all(bob.get(query, **asked)["account"]["notes"] == [{"text": "Hidden note"}] for asked in ask(there))
    assert bob.get(LISTS["auditTrail"])["auditTrail"]["totalCount"] >= 6


def _input(field: str) -> str:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    return str(mutation.fields[field].args["input"].type).rstrip("!")


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    for error in body.get("errors", ()):
        error["extensions"].pop("requestId")
    return body


def _changes(connection: sa.Connection) -> int:
    return int(connection.execute(sa.text("select count(*) from trail")).scalar_one())


# --- operators ------------------------------------------------------------------------------------------------------------


def test_what_concerns_all_accounts_is_not_for_who_may_see_some(ann: Api, subtests: pytest.Subtests) -> None:
    assert ann.ask("{ tokens { name } }").codes == ["FORBIDDEN"]
    for field, input in FOR_ALL.items():
        with subtests.test(field=field):
            document = f"mutation($input: {_input(field)}!) {{ {field}(input: $input) {{ {ERRORS} }} }}"
            assert ann.ask(document, input=input).codes == ["FORBIDDEN"]


def test_a_token_sees_no_more_than_the_one_that_made_it(ann: Api) -> None:
    create = """mutation($input: CreateTokenInput!) { createToken(input: $input) {
      token apiToken { rows { owners segments regions } } userErrors { field code message } } }"""
    same = ann.get(create, input={"name": "same"})["createToken"]
    assert same["apiToken"]["rows"] == {"owners": ["Ann"], "segments": None, "regions": None}
    narrower = ann.get(create, input={"name": "narrower", "rows": {"regions": ["EMEA"]}})["createToken"]
    assert narrower["apiToken"]["rows"] == {"owners": ["Ann"], "segments": None, "regions": ["EMEA"]}
    wider = ann.get(create, input={"name": "wider", "rows": {"owners": ["Ann", "Bob"]}})["createToken"]
    assert (wider["token"], wider["userErrors"][0]["field"]) == (None, ["input", "rows"])


# --- what is watched ------------------------------------------------------------------------------------------------------


def test_what_is_watched_tells_of_ones_own_accounts_only(firm: Hub, ann: Api) -> None:
    with serving(firm, "127.0.0.1", 0) as listener:
        world, token = World.over(firm.store), ann.token
        run = {"connection_id": 1, "started_at": TODAY, "state": "running", "message": "Hidden record"}
        world.insert(tables.run, run)
        url = f"http://127.0.0.1:{listener.port}/graphql/stream"
        headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}

        @contextmanager
        def watching(query: str, **variables: Any) -> Iterator[Iterator[dict[str, Any]]]:
            body = {"query": query, "variables": variables}
            with httpx.stream("POST", url, json=body, headers=headers, timeout=20) as answer:
                lines = (line for line in answer.iter_lines() if line.startswith("data: {"))
                yield (json.loads(line.removeprefix("data: "))["data"] for line in lines)

        def rescored(name: str, band: str, minutes: int) -> None:
            with firm.store.write() as connection:
                s, a = tables.score_current.c, tables.account_profile.c
                whose = s.account_id.in_(sa.select(a.account_id).where(a.name == name))
                values = {"band": band, "content_hash": band.encode(), "scored_at": TODAY + timedelta(days=2, minutes=minutes)}
                connection.execute(sa.update(tables.score_current).where(whose).values(**values))
                bump(connection, "scores")

        since = SCORES.encode([EPOCH, 0])
        for number, field in enumerate(("scoreChanged", "bandChanged"), 1):
            query = f"subscription($since: String) {{ {field}(since: $since) {{ band account {{ name }} }} }}"
            with watching(query, since=since) as events:
                assert next(events)[field]["account"] == {"name": "Acme"}
                rescored("Hidden Two", f"red {number}", 2 * number)
                rescored("Acme", f"green {number}", 2 * number + 1)
                assert next(events)[field] == {"band": f"green {number}", "account": {"name": "Acme"}}
        with watching("subscription { syncProgress { running run { message streams { read } } } }") as events:
            assert next(events)["syncProgress"] == {"running": True, "run": {"message": None, "streams": []}}
