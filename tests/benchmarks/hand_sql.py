"""The same question as `METRICS`, asked by a person: one query for SQLite and one for PostgreSQL, over the same tables.

It carries what it must to be right: the current links, current versions, nothing from T on, attributes and priorities as they
stood at T, attributes merged by the connections' priority, revenue in one currency. It leaves out what only the compiler's
answer has: which connection each attribute is from, which metric found a row, which amounts have no rate, and attributes of
more than five source accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.question import METRICS
from tests.benchmarks.world import AS_OF, EUR_RATE, T, days_before

from accountpulse.core.store.types import to_epoch_day, to_micros

_ATTRIBUTES = (
    "name", "domain", "owner", "parent", "plan", "industry", "region", "employees", "lifecycle_stage", "created_at",
    "customer_since", "renewal_at", "churned_at",
)  # fmt: skip
_MOST_SOURCES = 5
_CLOCKS = {"days_since_last_activity": 1, "days_since_last_meeting": 1, "tenure_days": 1, "days_to_renewal": -1}


def parameters(postgres: bool) -> dict[str, object]:
    """What the query binds: `t_30` is the instant 30 days before T, `d_30` the day."""
    instants = {f"t_{n}": days_before(n) for n in (0, 30, 90, 365, 730)}
    days = {f"d_{n}": (T - timedelta(days=n)).date() for n in (0, 30, 60, 90)}
    if postgres:
        return {**instants, **days, "rate": EUR_RATE}
    numbers = {name: to_micros(at) for name, at in instants.items()} | {name: to_epoch_day(day) for name, day in days.items()}
    return {**numbers, "rate": EUR_RATE}


def query(postgres: bool) -> str:
    """The query, for PostgreSQL or for SQLite."""
    parts = _parts(postgres)
    names = [f"{name} as ({text})" for name, text in parts.items()]
    joins = "\n".join(f"left join {name} on {name}.account_id = p.account_id" for name in parts if name not in ("a", "p"))
    attributes = ", ".join(f"p.{name}" for name in (*_ATTRIBUTES, "custom"))
    number = "cast({} as double precision)" if postgres else "cast({} as real)"
    micros = "cast(extract(epoch from {}) * 1000000 as bigint)" if postgres else "{}"
    day = "({} - date '1970-01-01')" if postgres else "{}"
    return f"""
with {", ".join(names)}
select p.account_id,
  coalesce(usage.logins, 0) as logins_30d,
  {number.format("coalesce(usage.logins, 0) - usage.before")} / nullif(usage.before, 0) as usage_trend_30d,
  coalesce(usage.active_days, 0) as active_days_30d,
  {day.format("last_use.day")} as days_since_last_activity,
  coalesce(usage.features, 0) as features_used_90d,
  {number.format("coalesce(usage.users, 0)")} / nullif(subscriptions.seats, 0) as seat_utilisation_30d,
  coalesce(tickets.opened, 0) as tickets_30d,
  replies.hours as first_reply_hours_90d,
  solutions.hours as resolution_hours_90d,
  coalesce(tickets.urgent, 0) as open_urgent_tickets,
  nps.score as nps_latest,
  csat.score as csat_90d,
  coalesce(invoices.overdue, 0) as overdue_invoices,
  revenue.moved / nullif(revenue.now - revenue.moved, 0) as mrr_change_90d,
  {micros.format("p.renewal_at")} as days_to_renewal,
  coalesce(deals.renewals, 0) as renewals_won_730d,
  coalesce(deals.upsells, 0) as upsells_won_365d,
  {micros.format("last_meeting.at")} as days_since_last_meeting,
  {micros.format("coalesce(p.customer_since, p.created_at)")} as tenure_days,
  {attributes}
from p
{joins}
where coalesce(p.customer_since, p.created_at) < :t_0 and p.churned_at is null
order by p.account_id
"""


def values_of(rows: list[tuple[object, ...]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The account ids (n,) and the metrics' values (n, 19) in the rows of the query; NaN for null."""
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    values = np.array([row[1 : 1 + len(METRICS)] for row in rows], dtype=np.float64).reshape(len(rows), len(METRICS))
    today = to_epoch_day(AS_OF)
    for name, sign in _CLOCKS.items():
        column = values[:, METRICS.index(name)]
        days = column if name == "days_since_last_activity" else np.floor(column / 86_400_000_000)
        values[:, METRICS.index(name)] = sign * (today - days)
    return ids, values


# --- the parts ------------------------------------------------------------------------------------------------------------


def _linked(table: str, *columns: str, postgres: bool = True) -> str:
    """The current facts of linked accounts; for SQLite, the whole table is read in its own order: no index fits the window."""
    rows = f"link l join {table} f" if postgres else f"{table} f cross join link l"
    return (
        f"select l.account_id, {', '.join(columns)} from {rows} "
        "on f.source_account_id = l.source_account_id and f.known_to is null where l.known_to is null"
    )


def _at_end(table: str, column: str) -> str:
    """A column that vendors do not date, as it stood at T."""
    same = f"from {table} w where w.connection_id = f.connection_id and w.source_id = f.source_id"
    before = f"(select w.{column} {same} and w.known_from < :t_0 order by w.known_from desc, w.id desc limit 1)"
    first = f"(select w.{column} {same} order by w.known_from, w.id limit 1)"
    return f"case when f.known_from < :t_0 then f.{column} else coalesce({before}, {first}) end"


def _parts(postgres: bool) -> Mapping[str, str]:
    hours = "cast(extract(epoch from ({} - {})) as double precision) / 3600" if postgres else "({} - {}) / 3600000000.0"
    first_domain = "v.domains ->> 0" if postgres else "json_extract(v.domains, '$[0]')"
    customs = "jsonb_agg(custom order by place)" if postgres else "json_group_array(custom)"
    merged = [
        "coalesce(" + ", ".join(f"max(case when place = {i} then {name} end)" for i in range(1, _MOST_SOURCES + 1)) + ")"
        f" as {name}"
        for name in _ATTRIBUTES
    ]
    latest = "select max(f.{0}) from {1} f where f.source_account_id = l.source_account_id and f.known_to is null and {2}"
    everything = "link l join {} f" if postgres else "{} f cross join link l"
    real = "(f.solved_at is null or f.solved_at >= :t_0 or f.outcome in ('solved', 'closed'))"
    score = "cast(f.score - f.scale_min as double precision) / (f.scale_max - f.scale_min)"
    return {
        "a": f"""
select l.account_id, f.connection_id, f.created_at, f.customer_since,
  case when f.churned_at < :t_0 then f.churned_at end as churned_at, v.name, {first_domain} as domain, v.owner,
  nullif(lp.account_id, l.account_id) as parent, v.plan, v.industry, v.region, v.employees, v.lifecycle_stage, v.renewal_at,
  v.custom,
  row_number() over (partition by l.account_id order by c.priority, l.source_account_id, f.source_id) as place
from link l
join fact_account f on f.source_account_id = l.source_account_id and f.known_to is null
join connection c on c.id = f.connection_id
join fact_account v on v.id = {_at_end("fact_account", "id")}
left join source_account s on s.connection_id = f.connection_id and s.key = v.parent
left join link lp on lp.source_account_id = s.id and lp.known_to is null
where l.known_to is null""",
        "p": f"select account_id, {', '.join(merged)}, {customs} as custom from a group by account_id",
        "usage": f"""
select account_id, sum(case when day >= :d_30 then count end) as logins,
  sum(case when day >= :d_60 and day < :d_30 then count end) as before,
  count(distinct case when day >= :d_30 then day end) as active_days,
  count(distinct case when day >= :d_30 then "user" end) as users,
  count(distinct feature) as features
from ({_linked("fact_usage_day", "f.day", "f.count", 'f."user"', "f.feature")} and f.day >= :d_90 and f.day < :d_0) as f
group by account_id""",
        "last_use": _newest(latest.format("day", "fact_usage_day", "f.day < :d_0"), "day"),
        "subscriptions": f"""
select account_id, sum(seats) as seats
from ({_linked("fact_subscription", f"{_at_end('fact_subscription', 'seats')} as seats")}
  and f.started_at < :t_0 and (f.ended_at is null or f.ended_at >= :t_0)) as f
group by account_id""",
        "tickets": f"""
select l.account_id, count(case when f.opened_at >= :t_30 and {real} then 1 end) as opened,
  count(case when (f.solved_at is null or f.solved_at >= :t_0) and {_at_end("fact_ticket", "priority")} = 4
    then 1 end) as urgent
from {everything.format("fact_ticket")} on f.source_account_id = l.source_account_id and f.known_to is null
where l.known_to is null and f.opened_at < :t_0 group by l.account_id""",
        "replies": _median(hours.format("f.first_replied_at", "f.opened_at"), "first_replied_at", postgres),
        "solutions": _median(hours.format("f.solved_at", "f.opened_at"), "solved_at", postgres),
        "nps": f"""
select account_id, score from ({
            _linked(
                "fact_survey_response",
                "f.score",
                "row_number() over (partition by l.account_id order by f.responded_at desc, f.source_id desc) as place",
            )
        } and f.kind = 'nps' and f.responded_at >= :t_365 and f.responded_at < :t_0) as f where place = 1""",
        "csat": f"""
select l.account_id, avg({score}) as score
from link l join fact_survey_response f on f.source_account_id = l.source_account_id and f.known_to is null
where l.known_to is null and f.kind = 'csat' and f.responded_at >= :t_90 and f.responded_at < :t_0 group by l.account_id""",
        "invoices": f"""
select l.account_id, count(*) as overdue
from {everything.format("fact_invoice")} on f.source_account_id = l.source_account_id and f.known_to is null
where l.known_to is null and f.issued_at < :t_0 and f.due_at < :t_0 and (f.paid_at is null or f.paid_at >= :t_0)
  and (f.voided_at is null or f.voided_at >= :t_0) group by l.account_id""",
        "revenue": """
select l.account_id, sum(f.mrr_delta * case f.currency when 'USD' then 1.0 when 'EUR' then :rate end) as now,
  coalesce(sum(case when f.at >= :t_90 then f.mrr_delta * case f.currency when 'USD' then 1.0 when 'EUR' then :rate end end), 0)
    as moved
from link l join fact_subscription_change f on f.source_account_id = l.source_account_id and f.known_to is null
where l.known_to is null and f.at < :t_0 group by l.account_id""",
        "deals": f"""
select account_id, count(case when kind = 'renewal' then 1 end) as renewals,
  count(case when kind = 'upsell' and closed_at >= :t_365 then 1 end) as upsells
from ({_linked("fact_opportunity", f"{_at_end('fact_opportunity', 'kind')} as kind", "f.closed_at", postgres=postgres)}
  and f.opened_at < :t_0 and f.won and f.closed_at >= :t_730 and f.closed_at < :t_0) as f
group by account_id""",
        "last_meeting": _newest(latest.format("at", "fact_activity", "f.at < :t_0 and f.kind in ('meeting', 'call')"), "at"),
    }


def _newest(latest: str, column: str) -> str:
    found = f"select l.account_id, ({latest}) as {column} from link l where l.known_to is null"
    return f"select account_id, max({column}) as {column} from ({found}) as f group by account_id"


def _median(value: str, at: str, postgres: bool) -> str:
    window = f"f.opened_at < :t_0 and f.{at} >= :t_90 and f.{at} < :t_0"
    if postgres:
        return f"""
select l.account_id, percentile_cont(0.5) within group (order by {value}) as hours
from link l join fact_ticket f on f.source_account_id = l.source_account_id and f.known_to is null
where l.known_to is null and {window} group by l.account_id"""
    ranked = _linked(
        "fact_ticket",
        f"{value} as hours",
        f"row_number() over (partition by l.account_id order by {value}) as place",
        "count(*) over (partition by l.account_id) as size",
        postgres=False,
    )
    return f"""
select account_id, avg(hours) as hours from ({ranked} and {window}) as f
where place in ((size + 1) / 2, (size + 2) / 2) group by account_id"""


# --- the least that can be read -------------------------------------------------------------------------------------------

_NEEDED = {
    "fact_usage_day": (("source_account_id", "known_to", "day", "user", "feature", "count"), "day >= :d_90 and day < :d_0"),
    "fact_ticket": (
        (
            "source_account_id", "known_from", "known_to", "opened_at", "first_replied_at", "solved_at", "outcome", "priority",
        ),
        "opened_at < :t_0",
    ),
    "fact_survey_response": (
        ("source_account_id", "known_to", "kind", "score", "scale_min", "scale_max", "responded_at"),
        "responded_at >= :t_365 and responded_at < :t_0",
    ),
    "fact_invoice": (
        ("source_account_id", "known_to", "issued_at", "due_at", "paid_at", "voided_at"),
        "issued_at < :t_0",
    ),
    "fact_subscription": (
        ("source_account_id", "known_from", "known_to", "seats", "started_at", "ended_at"),
        "started_at < :t_0",
    ),
    "fact_subscription_change": (("source_account_id", "known_to", "at", "mrr_delta", "currency"), '"at" < :t_0'),
    "fact_opportunity": (
        ("source_account_id", "known_from", "known_to", "kind", "opened_at", "closed_at", "won"),
        "opened_at < :t_0",
    ),
    "fact_activity": (("source_account_id", "known_to", "at", "kind"), '"at" < :t_0'),
    "fact_account": (
        (
            "source_account_id", "connection_id", "source_id", "known_from", "known_to", "name", "domains", "owner", "parent",
            "plan", "industry", "region", "employees", "lifecycle_stage", "created_at", "customer_since", "renewal_at",
            "churned_at", "custom",
        ),
        "true",
    ),
    "link": (("source_account_id", "account_id", "known_to"), "true"),
}  # fmt: skip

SCANS = tuple(
    "select {} from {} where {}".format(", ".join(f'max("{column}")' for column in columns), table, condition)
    for table, (columns, condition) in _NEEDED.items()
)
"""One query a table: every column that the metrics need, in their windows, read once."""
