"""Every root field of the schema, and how somebody else's account could be asked for by it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.graphql.shop import TODAY

from accountpulse.graphql.relay import global_id

ERRORS = "userErrors { field code message }"
ACCOUNT = """{ id name domain owner parent { name } links { key } revision override { reason } targets { reason } notes { text }
  pulses { reason } outcomes { kind } features { feature } score { value band }
  history(from: "2026-11-01") { points { score } } tickets { totalCount nodes { subject } } }"""
COUNTS = "accounts arr { amount } meanScore tenths groups { keys { value } accounts share arr { amount } meanScore }"

# --- the entries ----------------------------------------------------------------------------------------------------------

LISTS: Mapping[str, str] = {
    "accounts": f"{{ accounts {{ totalCount pageInfo {{ hasNextPage endCursor }} edges {{ cursor node {ACCOUNT} }} }} }}",
    "auditTrail": "{ auditTrail { totalCount nodes { action input actor account { name } } } }",
    "connections": """{ connections { name message heldDeletes { known } quarantine { totalCount records { reason } }
      streams { name message } lastRuns { message streams { read message } } } }""",
    "featureAdoption": "{ featureAdoption { accounts features { feature accounts accountsBefore users uses } } }",
    "metrics": "{ metrics { name } }",
    "modelPreview": """{ modelPreview(first: 100) { preview { accounts bands { name before after } moves { accounts }
      segments { name before after } tenthsBefore tenthsAfter movers { name } bandChanges { name }
      newlyUnknown { name } } } }""",
    "models": "{ models { name segments { name accounts } } }",
    "plugins": "{ plugins { name } }",
    "portfolio": f"""{{ now: portfolio(groupBy: [BAND, SEGMENT, OWNER]) {{ {COUNTS}
        movement(since: "2026-11-19") {{ accountsBefore accountsAfter entered left rose fell transitions {{ accounts }} }} }}
      then: portfolio(asOf: "2026-11-19", groupBy: [OWNER]) {{ {COUNTS} }} }}""",
    "rateLimit": "{ rateLimit { limit restoreRate } }",
    "releases": "{ releases { number author } }",
    "segments": "{ segments { name accounts alsoMatching bands { band accounts mrr { amount } } } }",
    "unlinked": "{ unlinked { totalCount nodes { key name candidates { name account { name } } } } }",
    "viewer": "{ viewer { name scopes rows { owners segments regions } } }",
}
TELLING = {"accounts", "auditTrail", "connections", "featureAdoption", "modelPreview", "portfolio", "segments", "unlinked"}
"""Those that tell whoever may see everything of the account: else nothing would be shown by what Ann is not told."""


@dataclass(frozen=True)
class Target:
    """Somebody else's account, or one that there never was, in all the ways in which it can be named."""

    id: int
    name: str
    domain: str
    record: str
    entry: str
    unlinked: int

    @property
    def ways(self) -> list[dict[str, Any]]:
        """Every `AccountBy`."""
        return [
            {"id": global_id("Account", self.id)},
            {"name": self.name},
            {"domain": self.domain},
            {"source": {"connection": "desk", "key": self.record}},
        ]

    def blanked(self, answer: object) -> str:
        """An answer without what was sent: it may be said again."""
        text = json.dumps(answer)
        for own in (self.name, self.domain, f"desk:{self.record}", self.record):
            text = text.replace(own, "*")
        for number in (self.entry, str(self.id)):
            for said in (f"'{number}'", f"account {number}", f"note {number}", f"pulse {number}", f"outcome {number}"):
                text = text.replace(said, "*")
        return text


Ask = Callable[[Target], list[dict[str, Any]]]


def _by(target: Target) -> list[dict[str, Any]]:
    return [{"by": way} for way in target.ways]


def _ids(target: Target) -> list[dict[str, Any]]:
    return [{"id": global_id("Account", target.id)}, {"id": global_id("UnlinkedAccount", target.unlinked)}]


QUERIES: Mapping[str, tuple[str, Ask]] = {
    "account": (f"query($by: AccountBy!) {{ account(by: $by) {ACCOUNT} }}", _by),
    "node": ("query($id: ID!) { node(id: $id) { id __typename } }", _ids),
    "nodes": ("query($id: ID!) { nodes(ids: [$id]) { id __typename } }", _ids),
    "auditTrail": ("query($by: AccountBy!) { auditTrail(account: $by) { totalCount nodes { input } } }", _by),
    "explainChange": ("query($by: AccountBy!) { explainChange(by: $by) { summary } }", _by),
    "toReachBand": ("query($by: AccountBy!) { toReachBand(by: $by) { state } }", _by),
}


def _about(**more: Any) -> Ask:
    return lambda target: [{"input": {"account": way, **more}} for way in target.ways]


def _entry(kind: str, before: str = "") -> Ask:
    return lambda target: [{"input": {"id": global_id(kind, before + target.entry)}}]


def _record(**more: Any) -> Ask:
    return lambda target: [{"input": {"record": {"connection": "desk", "key": target.record}, **more}}]


def _linked(target: Target) -> list[dict[str, Any]]:
    mine = {"name": "Acme"}
    return [
        *_record(account=mine)(target),
        *({"input": {"record": {"connection": "files", "key": "a1"}, "account": way}} for way in target.ways),
    ]


MUTATIONS: Mapping[str, Ask] = {
    "addNote": _about(text="x"),
    "addOutcome": _about(kind="RENEWED"),
    "addPulse": _about(value=50, reason="x"),
    "endOverride": _about(),
    "endTarget": _about(),
    "overrideScore": _about(score=5, reason="x", until=(TODAY + timedelta(days=5)).isoformat()),
    "setTarget": _about(score=5, by="2026-12-31"),
    "linkRecord": _linked,
    "unlinkRecord": _record(),
    "releaseRecord": _record(),
    "removeNote": _entry("Note"),
    "removeOutcome": _entry("Outcome", "people:"),
    "removePulse": _entry("Pulse", "people:"),
}
FOR_ALL: Mapping[str, dict[str, Any]] = {
    "cancelSync": {"connection": "desk"},
    "confirmDeletes": {"connection": "desk", "stream": "rows"},
    "pauseConnection": {"connection": "desk"},
    "publishModels": {},
    "resumeConnection": {"connection": "desk"},
    "retryQuarantine": {"connection": "desk", "stream": "rows"},
    "revokeToken": {"prefix": "ap_abcdefgh"},
    "rollBackModels": {},
    "startSync": {"connection": "desk"},
}
"""What operators do concerns everybody's accounts: it is not for who may see some."""
LEADING = {
    "Account.parent", "AccountConnection.nodes", "AccountEdge.node", "Candidate.account", "LinkPayload.account",
    "LinkPayload.formerAccount", "LinkPayload.unlinked", "NotePayload.account", "OutcomePayload.account",
    "OverridePayload.account", "PortfolioMover.account", "PreviewedAccount.account", "PulsePayload.account", "Query.account",
    "Query.accounts", "Query.node", "Query.nodes", "Query.unlinked", "RemovePayload.account", "ScoreEvent.account",
    "ScoreMove.account", "TargetPayload.account", "ToReachBand.account", "TrailEntry.account",
    "UnlinkedAccountConnection.nodes", "UnlinkedAccountEdge.node",
}  # fmt: skip
"""Every way from one object to an account, or a record of nobody's: the entries go them all."""
OTHERWISE = {"Query": {"tokens"}, "Mutation": {"createToken"}, "Subscription": {"scoreChanged", "bandChanged", "syncProgress"}}
"""Those with a test of their own."""
