"""What metric authors may write, and how everything else is refused: by name, and with what is allowed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.compiler import check_metric
from accountpulse.core.metrics.declare import (
    Aggregate,
    Metric,
    attribute,
    count,
    distinct,
    mean,
    median,
    metric,
    ongoing,
    total,
)
from accountpulse.core.metrics.dialects import DIALECTS, quoted
from accountpulse.core.metrics.expressions import Literals, Name, translate
from accountpulse.core.model import Kind

NAMES = {
    name: Name(quoted(name), kind)
    for name, kind in {
        "n": Kind.INTEGER,
        "x": Kind.FLOAT,
        "user": Kind.TEXT,
        "at": Kind.INSTANT,
        "until": Kind.INSTANT,
        "day": Kind.DAY,
        "won": Kind.BOOLEAN,
    }.items()
}


def one(expression: str = "n", **aggregates: Aggregate) -> Metric:
    return metric(
        "trial", expression, title="Trial", group="support", unit="x", better=None, **(aggregates or {"n": count("ticket")})
    )


def refusal(expression: str) -> str:
    with pytest.raises(MetricError) as caught:
        translate(expression, NAMES, DIALECTS["sqlite"], Literals(), "metric 'trial'")
    assert str(caught.value).startswith("metric 'trial': ")
    return str(caught.value)


@pytest.mark.parametrize(
    ("attack", "named"),
    [
        ("read_csv('x')", """READ_CSV('x')" (ReadCSV)"""),
        ("read_parquet('x')", "(ReadParquet)"),
        ("parquet_scan('x')", "'parquet_scan'"),
        ("read_text('/etc/passwd')", "'read_text'"),
        ("read_json('x')", "'read_json'"),
        ("sniff_csv('x')", "'sniff_csv'"),
        ("glob('/*')", "Glob"),
        ("user glob '*'", "(Glob)"),
        ("getenv('HOME')", "'getenv'"),
        ("getvariable('x')", "'getvariable'"),
        ("current_setting('x')", "'current_setting'"),
        ("query('select 1')", "'query'"),
        ("columns('n')", "(Columns)"),
        ("list_transform([1], y -> n)", "'list_transform'"),
        ("(from account)", "(Subquery)"),
        ("with a as (select 1) select * from a", "(Select)"),
        ("$n", "no column or aggregate '$n'"),
        ("(select 1)", "(Subquery)"),
        ("n in (select 1)", "'query'"),
        ("exists(select 1)", "(Exists)"),
        ("n; drop table account", "exactly one expression"),
        ("", "exactly one expression"),
        ("n -- and then some", "comment"),
        ("/* hm */ n", "comment"),
        ("password", "no column or aggregate 'password'"),
        ("other.n", "'table'"),
        ("fact_ticket.n", "'table'"),
        ("cast(user as blob)", "(Cast)"),
        ("n::text", "(Cast)"),
        ("load_extension('evil')", "'load_extension'"),
        ("pg_sleep(10)", "'pg_sleep'"),
        ("current_user", "(CurrentUser)"),
        ("now()", "'now'"),
        ("sum(n)", "(Sum)"),
        ("count(*)", "(Count)"),
        ("row_number() over (order by n)", "(Window)"),
        ("*", "(Star)"),
        (":known_at", "(Placeholder)"),
        ("?", "(Placeholder)"),
        ("@n", "(Parameter)"),
        ("n % 2", "(Mod)"),
        ("user || 'a'", "(DPipe)"),
        ("user like 'a%'", "(Like)"),
        ("user collate nocase = 'a'", "(Collate)"),
        ("interval '1 day'", "(Interval)"),
        ("case n when 1 then 2 end", "'this'"),
        ("n as m", "(Alias)"),
        ("n +", "can't be read"),
        ("if(won, 1, 2)", "(If)"),
        ("n[0]", "(Bracket)"),
        ("(" * 900 + "n" + ")" * 900, "nested too deeply"),
        ("n" * 3000, "at most 2000 characters"),
        ("abs(" * 300 + "greatest(n, n" + ")" * 301, "nested too deeply"),
    ],
)
def test_refused_by_name(attack: str, named: str) -> None:
    assert named in refusal(attack)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("user = 1", "mixes integer with text"),
        ("user + 1", "is text, and a number is needed"),
        ("at = day", "mixes day with instant"),
        ("user > 'a'", "no order"),
        ("n and won", "is integer, and a condition is needed"),
        ("coalesce(n, 'none')", "mixes integer with text"),
        ("coalesce(n)", "at least two"),
        ("hours(day, day)", "hours takes two instants"),
        ("hours(at)", "hours takes two instants"),
        ("n is 1", "'is' takes null, true or false"),
        ("n in (x)", "list of literals"),
        ("round(n, x)", "literal from 0 to 9"),
        ("greatest(user, user)", "takes numbers or times"),
        ("case when won then 1 else user end", "mixes integer with text"),
    ],
)
def test_kinds_are_checked_because_sqlite_would_not(wrong: str, named: str) -> None:
    assert named in refusal(wrong)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 / 2", 0.5),
        ("1 / 0", None),
        ("7 * 2 - -1", 15),
        ("coalesce(null, 3)", 3),
        ("nullif(3, 3)", None),
        ("abs(-2)", 2),
        ("greatest(1, 3, 2)", 3),
        ("least(3, 1.5)", 1.5),
        ("greatest(1, null)", None),
        ("least(null, 1)", None),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(1.005 * 100, 1)", 100.5),
        ("case when 1 < 2 and not 'it''s' = 'a:b' then 1.25 else 2 end", 1.25),
        ("case when 'a%' in ('a%', 'b') then 1 end", 1),
        ("case when 2 between 1 and 3 then 1 end", 1),
        ("case when true is not null and false is false then 1 end", 1),
    ],
)
def test_every_engine_computes_the_same(engine: sa.Engine, expression: str, expected: float | None) -> None:
    dialect = DIALECTS[engine.dialect.name]
    literals = Literals()
    part = translate(expression, NAMES, dialect, literals, "metric 'trial'")
    with engine.connect() as c:
        found = c.execute(sa.text(f"select {dialect.number(part.sql)}"), literals.values).scalar()
    assert found == expected


def test_text_is_bound_and_never_written() -> None:
    literals = Literals()
    part = translate("user = 'x'' or 1=1 --'", NAMES, DIALECTS["postgresql"], literals, "here")
    assert "1=1" not in part.sql
    assert list(literals.values.values()) == ["x' or 1=1 --"]


@pytest.mark.parametrize(
    ("trial", "named"),
    [
        (one(n=count("tickets")), "there is no source 'tickets'; there are account, contact"),
        (one(n=count("account")), "read it with attribute"),
        (one(n=count("ticket", where="paid_at is null")), "no column or aggregate 'paid_at'; there are subject"),
        (one(n=count("ticket", where="priority")), "is not a condition"),
        (one(n=count("ticket", where="priority = 5")), "5 never occurs; there are 1, 2, 3, 4"),
        (one(n=count("invoice", where="references is null")), "no column or aggregate 'references'"),
        (one(n=count("survey_response", where="kind in ('nps', 'ncs')")), "'ncs' never occurs"),
        (one(n=count("ticket", at="priority")), "'priority' is not a time of ticket; there are opened_at"),
        (one(n=count("ticket", window=(30, 60))), "the window (30, 60) is empty"),
        (one(n=count("ticket", window=0)), "the window 0 is empty"),
        (one(n=total("ticket", "subject")), "is not a number"),
        (one(n=mean("ticket", "opened_at")), "is not a number"),
        (one(n=median("ticket", "subject")), "is not a number"),
        (one(n=ongoing("ticket", until="opened_at")), "ticket ends: first_replied_at, solved_at"),
        (one(n=ongoing("pulse", until="at")), "no such column"),
        (one(n=attribute("custom")), "no attribute 'custom'; there are name"),
        (one(n=attribute("plan")), "is text, not a number"),
        (one(n=attribute("renewal_at")), "add clock='since'"),
        (one("n + m"), "no column or aggregate 'm'; there are n"),
    ],
)
def test_a_declaration_is_refused_with_what_is_allowed(trial: Metric, named: str) -> None:
    with pytest.raises(MetricError) as caught:
        check_metric(trial)
    assert "metric 'trial'" in str(caught.value)
    assert named in str(caught.value)


def test_names_are_checked_when_declared() -> None:
    with pytest.raises(MetricError, match="'Logins' is not a name"):
        metric("Logins", "n", title="", group="usage", unit="", better=None, n=count("ticket"))
    with pytest.raises(MetricError, match="aggregate 'N' is not a name"):
        metric("logins", "N", title="", group="usage", unit="", better=None, N=count("ticket"))
    with pytest.raises(MetricError, match="at least one aggregate"):
        metric("logins", "1", title="", group="usage", unit="", better=None)


def test_columns_that_are_keywords_can_be_named() -> None:
    check_metric(one(n=distinct("usage_day", "user, day", where="count > 0 and seconds >= 0 and \"user\" <> 'x'")))


def test_a_clock_needs_a_time() -> None:
    with pytest.raises(MetricError, match="a clock needs a time"):
        check_metric(
            metric("t", "n", title="", group="usage", unit="", better=None, clock="since", n=count("ticket", window=30))
        )
