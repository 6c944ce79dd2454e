"""The rules of the scale: what each asks for, at which tier, and which topics of the kit prove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Tier = Literal["bronze", "silver", "gold", "platinum"]
TIERS: tuple[Tier, ...] = get_args(Tier)


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One rule. topics: of the kit, whose tests prove it. needs_test: whether a test must be named where the kit names none.

    reading: it concerns what a connector reads, so that one which is only pushed to has nothing to show.
    """

    id: str
    tier: Tier
    text: str
    topics: tuple[str, ...] = ()
    needs_test: bool = False
    reading: bool = False


RULES = (
    QualityRule("kit", "bronze", "passes the conformance kit"),
    QualityRule("credentials", "bronze", "refused credentials are told with advice, without a secret", ("credentials",)),
    QualityRule("identity", "bronze", "check() says whom it is connected to", ("identity",)),
    QualityRule("settings", "bronze", "every setting is explained", ("settings",)),
    QualityRule("secrets", "bronze", "secrets are marked, and show in no repr"),
    QualityRule("docs", "bronze", "a page says what it reads, which scopes it needs, and how to remove it"),
    QualityRule(
        "resume",
        "silver",
        "ties, edges, crashes and late rows cost nothing",
        ("ties", "edges", "crashes", "resume", "late"),
        reading=True,
    ),
    QualityRule(
        "reauth", "silver", "revoked credentials keep data and cursor until a person renews them", ("credentials", "identity")
    ),
    QualityRule("streams", "silver", "cursor, lag, look-back, deletions and history of each stream are told, as declared"),
    QualityRule("owner", "silver", "somebody is named who answers for it"),
    QualityRule("limits", "silver", "the page says what it can't do"),
    QualityRule(
        "deletes", "gold", "what is deleted at the vendor is deleted here", ("tombstones", "snapshots"), True, reading=True
    ),
    QualityRule("rates", "gold", "the vendor's rate limits are declared, and kept", ("rates",), True),
    QualityRule("diagnostics", "gold", "diagnostics can be given to anybody: they hold no secret", needs_test=True),
    QualityRule("fields", "gold", "the page tells for each field where it comes from, as the code does", needs_test=True),
    QualityRule("history", "gold", "how far back the vendor answers is declared and told", needs_test=True, reading=True),
    QualityRule("api-version", "gold", "the vendor's API version is fixed, and told", needs_test=True),
    QualityRule("typing", "platinum", "typed strictly, and marked so", needs_test=True),
    QualityRule("soak", "platinum", "a million rows in flat memory", needs_test=True, reading=True),
    QualityRule("push", "platinum", "the vendor's pushes come at once, and reading is the truth", needs_test=True),
    QualityRule(
        "calls", "platinum", "how many calls a thousand accounts take is measured and told", needs_test=True, reading=True
    ),
)
BY_ID = {rule.id: rule for rule in RULES}


def tier_of(met: set[str], capped: bool) -> Tier | None:
    """The highest tier all of whose rules, and all below, are among those met or exempt; None below bronze.

    capped: there is an exemption from something that the vendor could do, which allows no more than silver.
    """
    reached: Tier | None = None
    for tier in TIERS:
        if any(rule.id not in met for rule in RULES if rule.tier == tier) or (capped and tier == "gold"):
            break
        reached = tier
    return reached
