"""Views for tools that speak SQL: what is known and scored of each account, without our packing and our ids.

They are plain SQL over the tables, so that they cost nothing until somebody reads them, and are right at any moment. What the
history packs into bytes (`history_rows.py`, `core/scoring/packing.py`) is unpacked by the database itself.

Views stand in the way of migrations that alter their tables, so each upgrade drops them first and makes them anew: a change
here needs a revision to take effect, an empty one at least. Columns are only ever added: people's dashboards rest on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from accountpulse.core.model import Kind


@dataclass(frozen=True, slots=True)
class _Sql:
    """How a dialect says what the views need. Arguments are SQL expressions."""

    day: Callable[[str], str]
    instant: Callable[[str], str]
    byte: Callable[[str, str], str]
    size: Callable[[str], str]
    json_text: str
    last_day: str
    bands: str
    lines: str


def _hex_digit(text: str, place: int) -> str:
    return f"(instr('123456789ABCDEF', substr({text}, {place}, 1)))"


def _sqlite_byte(data: str, place: str) -> str:
    text = f"hex(substr({data}, ({place}) + 1, 1))"
    return f"(16 * {_hex_digit(text, 1)} + {_hex_digit(text, 2)})"


def _sqlite_instant(micros: str) -> str:
    # Of a number below zero SQLite cuts off what is behind the point, and so does its remainder.
    seconds = f"({micros} - 999999 * ({micros} < 0)) / 1000000"
    fraction = f"({micros} % 1000000 + 1000000) % 1000000"
    return f"strftime('%Y-%m-%d %H:%M:%S', {seconds}, 'unixepoch') || printf('.%06d', {fraction})"


_SQLITE = _Sql(
    day=lambda value: f"date({value} * 86400, 'unixepoch')",
    instant=_sqlite_instant,
    byte=_sqlite_byte,
    size=lambda data: f"length({data})",
    json_text="{0}",
    last_day="2147483647",
    bands="(select json_extract(b.value, '$.name') from json_each(m.content, '$.bands') b where b.key = s.band)",
    lines="""select m.id as model_id, g.key * 1000 + l.key as sort, json_extract(g.value, '$.name') as metric_group,
    json_extract(l.value, '$.metric') as metric, cast(json_extract(l.value, '$.weight') as real) as weight
  from scoring_model m, json_each(m.content, '$.groups') g, json_each(g.value, '$.metrics') l""",
)

_POSTGRESQL = _Sql(
    day=lambda value: value,
    instant=lambda value: value,
    byte=lambda data, place: f"get_byte({data}, ({place})::integer)",
    size=lambda data: f"octet_length({data})",
    json_text="{0}::text",
    last_day="'infinity'::date",
    bands="(m.content -> 'bands' -> s.band::integer ->> 'name')",
    lines="""select m.id as model_id, g.key * 1000 + l.key as sort, g.value ->> 'name' as metric_group,
    l.value ->> 'metric' as metric, (l.value ->> 'weight')::double precision as weight
  from scoring_model m,
    jsonb_array_elements(m.content -> 'groups') with ordinality as g(value, key),
    jsonb_array_elements(g.value -> 'metrics') with ordinality as l(value, key)""",
)

_ACCOUNT_CURRENT = """
select p.account_id, p.name, p.domain, p.owner, p.plan, p.industry, p.region, p.employees, p.lifecycle_stage,
  p.parent_account_id, {customer_since} as customer_since, {renewal_at} as renewal_at, {churned_at} as churned_at,
  p.mrr as mrr_minor, {custom} as custom,
  g.name as segment, m.name as model, m.version as model_version, {day} as day, s.score, s.band,
  {band_since} as band_since, s.raw_score, s.raw_band, s.coverage, s.low, s.high, s.trend_28d, s.trend_90d,
  {scored_at} as scored_at
from account_profile p
left join score_current s on s.account_id = p.account_id
left join segment g on g.id = s.segment_id
left join scoring_model m on m.id = s.model_id
"""

# A history row is in force until the account's next one, unless it was no customer meanwhile. Of a day that was scored both
# live and anew, the live scores are the ones that people saw.
_IN_FORCE = """
from (
  select h.*, lead(h.day) over (partition by h.account_id, h.basis order by h.day) as until
  from score_history h where h.basis in (0, 1)
) s
join scored_day d on d.basis = s.basis and d.day >= s.day and d.day < coalesce(s.until, {last_day})
join scoring_model m on m.id = s.model_id
join segment g on g.id = s.segment_id
left join account_profile p on p.account_id = s.account_id
{lines}
where (d.basis = 0 or not exists (select 1 from scored_day e where e.day = d.day and e.basis = 0))
  and not exists (
    select 1 from score_absence a where a.account_id = s.account_id and a.basis = s.basis
      and a.day <= d.day and d.day < coalesce(a.until, {last_day}))
"""

_SCORE_DAILY = """
select s.account_id, p.name, p.owner, {day} as day, case d.basis when 0 then 'live' else 'restated' end as basis,
  g.name as segment, m.name as model, m.version as model_version, cast(s.score_centi as double precision) / 100 as score,
  case when s.band < 0 then 'unknown' else {band} end as band, cast({first} % 128 as double precision) / 100 as coverage
"""

# Behind the first byte come, where its highest bit says so, which of five numbers follow and those, then a byte a component.
_COMPONENT_DAILY = """
select s.account_id, p.name, {day} as day, case d.basis when 0 then 'live' else 'restated' end as basis,
  g.name as segment, m.version as model_version, l.metric_group, l.metric, l.weight,
  case when {code} <= 247 then cast({code} as double precision) * 100 / 247 end as component,
  case {code} when 249 then 'no_data' when 250 then 'not_connected' when 251 then 'never_synced' when 252 then 'stale'
    when 253 then 'not_applicable' when 254 then 'failed' else 'measured' end as state
"""


_LINES = """
join (
  select model_id, metric_group, metric, weight, row_number() over (partition by model_id order by sort) as place,
    count(*) over (partition by model_id) as lines
  from ({lines}) every
) l on l.model_id = s.model_id
"""


def definitions(dialect: str) -> Mapping[str, str]:
    """The `select` of every view, by its name."""
    sql = _SQLITE if dialect == "sqlite" else _POSTGRESQL
    instants = {name: sql.instant(f"p.{name}") for name in ("customer_since", "renewal_at", "churned_at")}
    first = sql.byte("s.packed", "0")
    lines = _LINES.format(lines=sql.lines)
    # The components are the last bytes of a row, so nothing of what may stand before them need be understood.
    code = sql.byte("s.packed", f"{sql.size('s.packed')} - l.lines + l.place - 1")
    day = sql.day("d.day")
    return {
        "account_current": _ACCOUNT_CURRENT.format(
            **instants,
            custom=sql.json_text.format("p.custom"),
            day=sql.day("s.day"),
            band_since=sql.day("s.band_since"),
            scored_at=sql.instant("s.scored_at"),
        ),
        "score_daily": _SCORE_DAILY.format(day=day, band=sql.bands, first=first)
        + _IN_FORCE.format(last_day=sql.last_day, lines=""),
        "component_daily": _COMPONENT_DAILY.format(day=day, code=code) + _IN_FORCE.format(last_day=sql.last_day, lines=lines),
    }


_T, _N, _F, _D, _I = Kind.TEXT, Kind.INTEGER, Kind.FLOAT, Kind.DAY, Kind.INSTANT
_PLACE = {"account_id": _N, "name": _T}
_SCORED = {"day": _D, "basis": _T, "segment": _T}

VIEWS: Mapping[str, Mapping[str, Kind]] = {
    "account_current": {
        **_PLACE,
        **dict.fromkeys(("domain", "owner", "plan", "industry", "region"), _T),
        "employees": _N,
        "lifecycle_stage": _T,
        "parent_account_id": _N,
        **dict.fromkeys(("customer_since", "renewal_at", "churned_at"), _I),
        "mrr_minor": _N,
        "custom": Kind.JSON,
        **dict.fromkeys(("segment", "model", "model_version"), _T),
        "day": _D,
        "score": _F,
        "band": _T,
        "band_since": _D,
        "raw_score": _F,
        "raw_band": _T,
        **dict.fromkeys(("coverage", "low", "high", "trend_28d", "trend_90d"), _F),
        "scored_at": _I,
    },
    "score_daily": {
        **_PLACE,
        "owner": _T,
        **_SCORED,
        "model": _T,
        "model_version": _T,
        "score": _F,
        "band": _T,
        "coverage": _F,
    },
    "component_daily": {
        **_PLACE,
        **_SCORED,
        "model_version": _T,
        "metric_group": _T,
        "metric": _T,
        "weight": _F,
        "component": _F,
        "state": _T,
    },
}
"""The views, and the kind of each of their columns in order. In SQLite a day is ISO text, and an instant UTC text with six
digits behind its seconds."""


def drop(connection: sa.Connection) -> None:
    """Take the views away, so that their tables can be altered. A table of that name, of an older schema, stays."""
    there = set(sa.inspect(connection).get_view_names())
    for name in VIEWS:
        if name in there:
            connection.exec_driver_sql(f"drop view {name}")


def create(connection: sa.Connection) -> None:
    """Make the views, which must not be there."""
    for name, definition in definitions(connection.dialect.name).items():
        # A driver takes % for a placeholder, and PostgreSQL's knows no other way to say it.
        text = definition.replace("%", "%%") if connection.dialect.name == "postgresql" else definition
        connection.exec_driver_sql(f"create view {name} as {text}")
