"""The built-in metrics a second time, in plain Python over lists of rows: what the SQL is compared with."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.core.metrics.worlds import Row, World

from accountpulse.core.clock import day_of, start_of_day
from accountpulse.core.metrics.asof import AsKnown, Mode
from accountpulse.core.model import schemas

DIGITS = {"EUR": 2, "CHF": 2, "JPY": 0, "KWD": 3}


class NoRate(Exception):
    """An amount can't be converted."""


@dataclass
class Reader:
    """What one account's facts say as of the end of `day`."""

    world: World
    day: date
    zone: ZoneInfo
    mode: Mode
    account: int

    def at(self, n: int = 0) -> datetime:
        """The start of the day n days before T."""
        return start_of_day(self.day + timedelta(days=1 - n), self.zone)

    def known(self, row: Row) -> bool:
        if isinstance(self.mode, AsKnown):
            return row["known_from"] <= self.mode.at and (row["known_to"] is None or row["known_to"] > self.mode.at)
        return row["known_to"] is None

    def linked(self, source_account: int) -> bool:
        mine = [link for link in self.world.links if link["source_account_id"] == source_account and self.known(link)]
        return any(link["account_id"] == self.account for link in mine)

    def rows(self, record: str, n: int | tuple[int, int] | None = None, by: str | None = None) -> list[Row]:
        """The visible rows, of a window of days if `n` is given, about the event or the column `by`."""
        schema = schemas()[record]
        found = []
        for versions in self.world.histories(record):
            current = [v for v in versions if self.known(v)]
            if not current or not self.linked(current[0]["source_account_id"]):
                continue
            row = dict(current[0])
            paid_in = {f.name: row.get("currency") for f in schema.fields if f.money}
            if not isinstance(self.mode, AsKnown):
                before = [v for v in versions if v["known_from"] < self.at()]
                valid = before[-1] if before else versions[0]
                row.update({f.name: valid[f.name] for f in schema.fields if f.role == "undated"})
                paid_in.update({f.name: valid["currency"] for f in schema.fields if f.money and f.role == "undated"})
            row.update({f"currency of {name}": currency for name, currency in paid_in.items()})
            happens = {f.name: f.name if f.role == "lifecycle" else f.dated_by for f in schema.fields}
            pending = [name for name, at in happens.items() if at and (row[at] is None or row[at] >= self.at())]
            row.update(dict.fromkeys(pending))
            if schema.event is None or self.inside(row[schema.event.name], None, 0):
                found.append(row)
        first, end = n if isinstance(n, tuple) else (n, 0)
        column = by or (schema.event.name if schema.event else "")
        return [r for r in found if not column or (r[column] is not None and self.inside(r[column], first, end))]

    def inside(self, value: date | datetime, first: int | None, end: int) -> bool:
        if isinstance(value, datetime):
            return value < self.at(end) and (first is None or value >= self.at(first))
        begin = date.min if first is None else self.day + timedelta(days=1 - first)
        return begin <= value < self.day + timedelta(days=1 - end)

    @property
    def rates(self) -> dict[str, float]:
        """The rates in force."""
        known = day_of(self.mode.at, self.zone) if isinstance(self.mode, AsKnown) else self.day
        rows = sorted((r for r in self.world.rates if r["day"] <= min(known, self.day)), key=lambda r: r["day"])
        return {r["currency"]: r["rate"] for r in rows}

    def money(self, row: Row, column: str) -> Fraction:
        """An amount in cents. Raises NoRate."""
        currency = row["currency of " + column]
        if row[column] is None or currency == "USD":
            return Fraction(row[column] or 0)
        if currency not in self.rates:
            raise NoRate(currency)
        return row[column] * Fraction(str(self.rates[currency])) * 100 / 10 ** DIGITS[currency]

    @property
    def key_features(self) -> set[str]:
        if self.world.key_features is not None:
            return set(self.world.key_features)
        everyone = [Reader(self.world, self.day, self.zone, self.mode, a["id"]) for a in self.world.accounts]
        return {u["feature"] for r in everyone for u in r.rows("usage_day", 90)}

    def since(self, value: date | datetime | None) -> float | None:
        if value is None:
            return None
        return float((self.day - (day_of(value, self.zone) if isinstance(value, datetime) else value)).days)

    def attribute(self, name: str) -> Any:
        """Merged by priority, then by source account."""
        priority = {c["id"]: c["priority"] for c in self.world.connections}
        rows = sorted(self.rows("account"), key=lambda r: (priority[r["connection_id"]], r["source_account_id"]))
        return next((r[name] for r in rows if r[name] is not None), None)

    def exists(self) -> bool:
        if not self.rows("account"):
            return False
        created = next(a["created_at"] for a in self.world.accounts if a["id"] == self.account)
        since = self.attribute("customer_since") or self.attribute("created_at") or created
        return bool(since < self.at() and self.attribute("churned_at") is None)


def hours(a: datetime, b: datetime) -> float:
    return (b - a) / timedelta(hours=1)


def share(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def add(rows: list[Row], column: str) -> int:
    return sum(r[column] or 0 for r in rows)


def change(a: float, b: float) -> float | None:
    return share(a - b, b)


def newest(rows: list[Row], time: str) -> Row | None:
    order = sorted(rows, key=lambda r: (r[time], r["source_id"].encode(), r["connection_id"]))
    return order[-1] if order else None


def only(rows: list[Row], **wanted: Any) -> list[Row]:
    return [r for r in rows if all(r[k] in v if isinstance(v, tuple) else r[k] == v for k, v in wanted.items())]


def real(rows: list[Row]) -> list[Row]:
    return [r for r in rows if r["outcome"] in (None, "solved", "closed")]


def tickets_open(r: Reader) -> list[Row]:
    return [t for t in real(r.rows("ticket")) if t["solved_at"] is None]


def overdue(r: Reader) -> list[Row]:
    return [i for i in r.rows("invoice", by="due_at") if i["paid_at"] is None and i["voided_at"] is None]


def scaled(rows: list[Row]) -> float | None:
    return mean(share(x["score"] - x["scale_min"], x["scale_max"] - x["scale_min"]) for x in rows)


def seats(r: Reader) -> int | None:
    known = [s["seats"] for s in r.rows("subscription") if s["ended_at"] is None and s["seats"] is not None]
    return sum(known) if known else None


def people(r: Reader, n: int) -> int:
    return len({u["user"] for u in r.rows("usage_day", n)})


def nps_trend(r: Reader) -> float | None:
    recent = mean(x["score"] for x in only(r.rows("survey_response", 180), kind="nps"))
    before = mean(x["score"] for x in only(r.rows("survey_response", (360, 180)), kind="nps"))
    return None if recent is None or before is None else recent - before


def seat_utilisation(r: Reader) -> float | None:
    bought = seats(r)
    return people(r, 30) / bought if bought is not None and bought > 0 else None


def cents(r: Reader, rows: list[Row], column: str) -> Fraction:
    return sum((r.money(row, column) for row in rows), Fraction())


def mrr_change(r: Reader) -> float | None:
    revenue = cents(r, r.rows("subscription_change"), "mrr_delta")
    moved = cents(r, r.rows("subscription_change", 90), "mrr_delta")
    return share(float(moved), float(revenue - moved))


def billed(r: Reader, column: str) -> Fraction:
    return cents(r, [i for i in r.rows("invoice", 365) if i["voided_at"] is None], column)


def slipped(r: Reader) -> list[Row]:
    return [c for c in only(r.rows("opportunity_change", 90), kind="close_date") if (c["days"] or 0) > 0]


def sold(r: Reader, column: str) -> Fraction | None:
    known = [o for o in only(r.rows("opportunity", 365, "closed_at"), won=True) if o[column] is not None]
    return cents(r, known, column) if known else None


def top_user(r: Reader) -> float | None:
    uses: dict[str, int] = {}
    for u in r.rows("usage_day", 30):
        uses[u["user"]] = uses.get(u["user"], 0) + u["count"]
    return share(max(uses.values()), sum(uses.values())) if uses else None


def adoption(r: Reader) -> float | None:
    used = {u["feature"] for u in r.rows("usage_day", 90)}
    return share(len(used & r.key_features), len(r.key_features))


def onboarded(r: Reader) -> datetime | None:
    done = [a["at"] for a in only(r.rows("activity"), kind="onboarding_completed")]
    return min(done, default=None) or max((a["at"] for a in only(r.rows("activity"), kind="onboarding_step")), default=None)


def reported(r: Reader, kind: str, n: int) -> int | None:
    """How many of a kind in a window, where any was ever reported."""
    return len(only(r.rows("activity", n), kind=kind)) if only(r.rows("activity"), kind=kind) else None


def onboarding_completed(r: Reader) -> int | None:
    kinds = {a["kind"] for a in r.rows("activity")} & {"onboarding_step", "onboarding_completed"}
    return int("onboarding_completed" in kinds) if kinds else None


def days_between(a: datetime | None, b: datetime | None) -> float | None:
    return None if a is None or b is None else max(hours(a, b) / 24, 0)


def first_renewal(r: Reader) -> datetime | None:
    return min((o["closed_at"] for o in only(r.rows("opportunity"), kind="renewal", won=True)), default=None)


def response_rate(r: Reader) -> float | None:
    rate = share(len(r.rows("survey_response", 180)), len(only(r.rows("activity", 180), kind="survey_sent")))
    return None if rate is None else min(rate, 1)


def time_in_product(r: Reader) -> float | None:
    known = [u["seconds"] for u in r.rows("usage_day", 30) if u["seconds"] > 0]
    return sum(known) / 3600 if known else None


def reopen_rate(r: Reader) -> float | None:
    rows = r.rows("ticket", 90)
    back = [t for t in rows if t["reopened"] > 0]
    return share(len(back), len([t for t in rows if t["solved_at"] is not None or t["reopened"] > 0]))


def last_value(row: Row | None, column: str) -> Any:
    return row[column] if row else None


def won(r: Reader, kind: str, n: int) -> int:
    return len(only(r.rows("opportunity", n, "closed_at"), kind=kind, won=True))


MEETING = ("meeting", "call")

REFERENCE: dict[str, Callable[[Reader], float | Fraction | None]] = {
    "logins_30d": lambda r: add(r.rows("usage_day", 30), "count"),
    "active_users_30d": lambda r: people(r, 30),
    "logins_per_user_30d": lambda r: share(add(r.rows("usage_day", 30), "count"), people(r, 30)),
    "active_days_30d": lambda r: len({u["day"] for u in r.rows("usage_day", 30)}),
    "usage_trend_30d": lambda r: change(add(r.rows("usage_day", 30), "count"), add(r.rows("usage_day", (60, 30)), "count")),
    "days_since_last_activity": lambda r: r.since(max((u["day"] for u in r.rows("usage_day")), default=None)),
    "time_in_product_30d": time_in_product,
    "features_used_90d": lambda r: len({u["feature"] for u in r.rows("usage_day", 90)}),
    "adoption_90d": adoption,
    "top_user_share_30d": top_user,
    "stickiness_30d": lambda r: share(len({(u["user"], u["day"]) for u in r.rows("usage_day", 30)}) / 30, people(r, 30)),
    "seat_utilisation_30d": seat_utilisation,
    "integrations_connected": lambda r: len(only(r.rows("activity"), kind="integration_connected")) or None,
    "users_invited_90d": lambda r: reported(r, "user_invited", 90),
    "onboarding_steps": lambda r: len(only(r.rows("activity"), kind="onboarding_step")) or None,
    "onboarding_completed": onboarding_completed,
    "onboarding_days": lambda r: days_between(r.attribute("customer_since"), onboarded(r)),
    "tickets_30d": lambda r: len(real(r.rows("ticket", 30))),
    "ticket_trend_30d": lambda r: change(len(real(r.rows("ticket", 30))), len(real(r.rows("ticket", (60, 30))))),
    "first_reply_hours_90d": lambda r: median(
        [hours(t["opened_at"], t["first_replied_at"]) for t in r.rows("ticket", 90, "first_replied_at")]
    ),
    "resolution_hours_90d": lambda r: median(
        [hours(t["opened_at"], t["solved_at"]) for t in r.rows("ticket", 90, "solved_at")]
    ),
    "reopen_rate_90d": reopen_rate,
    "solved_share_90d": lambda r: share(
        len([t for t in real(r.rows("ticket", 90)) if t["solved_at"] is not None]), len(real(r.rows("ticket", 90)))
    ),
    "open_tickets": lambda r: len(tickets_open(r)),
    "open_urgent_tickets": lambda r: len(only(tickets_open(r), priority=4)),
    "oldest_open_ticket_days": lambda r: r.since(min((t["opened_at"] for t in tickets_open(r)), default=None)) or 0,
    "urgent_share_90d": lambda r: share(len(only(real(r.rows("ticket", 90)), priority=4)), len(real(r.rows("ticket", 90)))),
    "mrr": lambda r: cents(r, r.rows("subscription_change"), "mrr_delta"),
    "mrr_change_90d": mrr_change,
    "upgrades_365d": lambda r: len(only(r.rows("subscription_change", 365), kind="expansion")),
    "downgrades_365d": lambda r: len(only(r.rows("subscription_change", 365), kind="contraction")),
    "overdue_invoices": lambda r: len(overdue(r)),
    "overdue_days": lambda r: r.since(min((i["due_at"] for i in overdue(r)), default=None)) or 0,
    "overdue_amount": lambda r: cents(r, overdue(r), "amount"),
    "days_to_pay_180d": lambda r: mean(hours(i["issued_at"], i["paid_at"]) / 24 for i in r.rows("invoice", 180, "paid_at")),
    "failed_payments_90d": lambda r: sum(max(i["attempts"] - 1, 0) for i in r.rows("invoice", 90)),
    "declined_payments_30d": lambda r: len(only(r.rows("payment_issue", 30), kind="failed")),
    "refunds_365d": lambda r: cents(r, only(r.rows("payment_issue", 365), kind=("refunded", "credited")), "amount"),
    "disputes_365d": lambda r: len(only(r.rows("payment_issue", 365), kind="disputed")),
    "seats": seats,
    "services_spend_365d": lambda r: billed(r, "services_amount"),
    "training_spend_365d": lambda r: billed(r, "training_amount"),
    "services_sold_365d": lambda r: sold(r, "services_amount"),
    "training_sold_365d": lambda r: sold(r, "training_amount"),
    "nps_latest": lambda r: last_value(newest(only(r.rows("survey_response", 365), kind="nps"), "responded_at"), "score"),
    "nps_trend_180d": nps_trend,
    "csat_90d": lambda r: scaled(only(r.rows("survey_response", 90), kind="csat")),
    "ces_90d": lambda r: scaled(only(r.rows("survey_response", 90), kind="ces")),
    "days_since_last_response": lambda r: r.since(max((x["responded_at"] for x in r.rows("survey_response")), default=None)),
    "response_rate_180d": response_rate,
    "responses_180d": lambda r: len(r.rows("survey_response", 180)),
    "tenure_days": lambda r: r.since(r.attribute("customer_since") or r.attribute("created_at")),
    "days_to_renewal": lambda r: None if (at := r.attribute("renewal_at")) is None else -(r.since(at) or 0),
    "meetings_90d": lambda r: len(only(r.rows("activity", 90), kind=MEETING)),
    "days_since_last_meeting": lambda r: r.since(max((a["at"] for a in only(r.rows("activity"), kind=MEETING)), default=None)),
    "trainings_180d": lambda r: len(only(r.rows("activity", 180), kind=("training", "webinar"))),
    "community_posts_180d": lambda r: reported(r, "community", 180),
    "renewals_won_730d": lambda r: won(r, "renewal", 730),
    "onboarding_to_first_renewal_days": lambda r: days_between(onboarded(r), first_renewal(r)),
    "upsells_won_365d": lambda r: won(r, "upsell", 365),
    "slipped_deals_90d": lambda r: len({c["opportunity"] for c in slipped(r)}),
    "pulse_latest": lambda r: last_value(newest(r.rows("pulse", 180), "at"), "value"),
}
