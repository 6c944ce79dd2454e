"""Unknown is a value: which state a metric is in for an account, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import sqlalchemy as sa
from tests.core.metrics.worlds import Row, World, connection_row, load

from accountpulse.core.clock import start_of_day
from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.asof import AsCorrected, AsKnown, Mode
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.declare import count, metric, total
from accountpulse.core.metrics.evaluate import evaluate
from accountpulse.core.metrics.frame import MetricFrame
from accountpulse.core.metrics.states import ComponentState as State

DAY = date(2026, 3, 10)
ZONE = ZoneInfo("Asia/Kolkata")
END = start_of_day(DAY + timedelta(days=1), ZONE)
LONG_AGO = END - timedelta(days=500)
NOW = END - timedelta(hours=5)

BLANK: dict[str, Row] = {
    "account": {"domains": [], "emails": [], "references": [], "custom": {}, "customer_since": LONG_AGO},
    "ticket": {"reopened": 0, "priority": 2},
    "usage_day": {"user": "ann", "feature": "export", "count": 1, "seconds": 0},
    "subscription_change": {"subscription": "s", "kind": "new", "currency": "USD", "mrr_delta": 100},
    "subscription": {"status": "active", "mrr": 0, "currency": "USD", "started_at": LONG_AGO},
    "invoice": {"services_amount": 0, "training_amount": 0, "currency": "USD", "attempts": 0, "amount": 100},
    "activity": {"kind": "meeting"},
    "opportunity": {"kind": "new", "currency": "USD"},
    "outcome": {"kind": "renewed"},
}


def small(*provides: str, streams: dict[str, Row] | None = None) -> World:
    """Account 1 with a CRM (connection 1), and a connection 2 that provides the record types given and knows it as well."""
    world = World()
    world.connections = [
        connection_row(1, name="crm", provides=["account"]),
        connection_row(2, name="desk", provides=list(provides)),
    ]
    for name, row in (streams or {}).items():
        stream = {"connection_id": 2, "stream": name, "records": [name], "state": "ok", "first_loaded_at": None}
        world.streams.append(stream | {"last_success_at": None} | row)
    world.accounts = [{"id": 1, "created_at": LONG_AGO}]
    for i in (1, 2):
        world.source_accounts.append({"id": i, "connection_id": i, "key": f"k{i}", "first_known_at": LONG_AGO})
        world.links.append(
            {"id": i, "source_account_id": i, "account_id": 1, "method": "m", "evidence": "", "known_from": LONG_AGO}
            | {"known_to": None}
        )
    add(world, "account", source=1)
    return world


def add(world: World, record: str, source: int = 2, known_from: datetime = LONG_AGO, **values: object) -> Row:
    rows = world.facts[record]
    row = {
        "id": len(rows) + 1,
        "connection_id": source,
        "source_id": str(len(rows) + 1),
        "source_account_id": source,
        "known_from": known_from,
        "known_to": None,
        "assumed": False,
        "hash": b"",
        **BLANK[record],
        **values,
    }
    rows.append(row)
    return row


def look(engine: sa.Engine, world: World, now: datetime | None = None, mode: Mode | None = None) -> MetricFrame:
    load(engine, world)
    with engine.connect() as c:
        return evaluate(c, BUILTIN, day=DAY, zone=ZONE, mode=mode or AsCorrected(), reporting_currency="USD", now=now)


def cell(frame: MetricFrame, metric: str) -> tuple[float | None, State, str | None]:
    value = frame.values[0, frame.index(metric)]
    return (None if np.isnan(value) else float(value)), frame.state(0, metric), frame.reason(0, metric)


def test_not_connected(engine: sa.Engine) -> None:
    frame = look(engine, small())
    assert cell(frame, "tickets_30d") == (None, State.NOT_CONNECTED, "no connection provides tickets")
    assert cell(frame, "stickiness_30d") == (None, State.NOT_CONNECTED, "no connection provides usage days")
    assert cell(frame, "tenure_days") == (499, State.MEASURED, None)


def test_a_removed_connection_is_not_connected_but_was(engine: sa.Engine) -> None:
    world = small("ticket")
    world.connections[1]["removed_at"] = END
    assert cell(look(engine, world), "tickets_30d")[1] is State.NOT_CONNECTED
    assert cell(look(engine, world, mode=AsKnown(NOW)), "tickets_30d") == (0, State.MEASURED, None)
    assert cell(look(engine, world, mode=AsKnown(END)), "tickets_30d")[1] is State.NOT_CONNECTED


def test_connected_but_the_account_is_not_linked(engine: sa.Engine) -> None:
    world = small("ticket")
    del world.links[1]
    reason = "the account is not linked to a source of tickets (desk)"
    assert cell(look(engine, world), "tickets_30d") == (None, State.NO_DATA, reason)


def test_never_synced_until_the_first_load_is_complete(engine: sa.Engine) -> None:
    world = small("ticket", streams={"ticket": {}})
    assert cell(look(engine, world), "tickets_30d") == (None, State.NEVER_SYNCED, "desk never finished loading tickets")
    add(world, "ticket", opened_at=NOW)
    assert cell(look(engine, world), "tickets_30d") == (1, State.MEASURED, None)
    assert cell(look(engine, world), "open_urgent_tickets")[1] is State.NEVER_SYNCED


def test_an_audit_reads_whether_it_had_been_loaded_by_then(engine: sa.Engine) -> None:
    world = small("ticket", streams={"ticket": {"first_loaded_at": NOW, "last_success_at": NOW}})
    assert cell(look(engine, world, mode=AsKnown(NOW)), "tickets_30d")[1] is State.MEASURED
    early = AsKnown(NOW - timedelta(seconds=1))
    assert cell(look(engine, world, mode=early), "tickets_30d")[1] is State.NEVER_SYNCED


def test_whom_a_source_had_not_named_by_then_was_unknown_then(engine: sa.Engine) -> None:
    """Its link holds since ever, as links of facts of earlier days must; nobody had asked about it then all the same."""
    world = small("ticket")
    world.source_accounts[1]["first_known_at"] = NOW
    early, assumed = NOW - timedelta(seconds=1), AsKnown(NOW - timedelta(seconds=1), loads_assumed=True)
    assert cell(look(engine, world, mode=AsKnown(early)), "tickets_30d")[1] is State.NO_DATA
    assert cell(look(engine, world, mode=AsCorrected(early)), "tickets_30d")[1] is State.NO_DATA
    for mode in (AsKnown(NOW), AsCorrected(NOW), AsCorrected(), assumed):
        assert cell(look(engine, world, mode=mode), "tickets_30d") == (0, State.MEASURED, None)


def test_zero_is_a_measurement_and_a_share_of_nothing_is_not(engine: sa.Engine) -> None:
    frame = look(engine, small("ticket"))
    assert cell(frame, "tickets_30d") == (0, State.MEASURED, None)
    assert cell(frame, "oldest_open_ticket_days") == (0, State.MEASURED, None)
    assert cell(frame, "urgent_share_90d") == (None, State.NO_DATA, "there are no tickets to measure")
    assert np.isnat(frame.anchors["oldest_open_ticket_days"][0])


def test_rows_that_determine_no_value(engine: sa.Engine) -> None:
    world = small("usage_day")
    add(world, "usage_day", day=DAY)
    reason = "the usage days found do not determine a value"
    assert cell(look(engine, world), "usage_trend_30d") == (None, State.NO_DATA, reason)


def test_a_metric_over_two_sources_needs_both(engine: sa.Engine) -> None:
    world = small("subscription")
    add(world, "subscription", seats=10)
    assert cell(look(engine, world), "seat_utilisation_30d")[1] is State.NOT_CONNECTED
    world.connections[1]["provides"].append("usage_day")
    assert cell(look(engine, world), "seat_utilisation_30d") == (0, State.MEASURED, None)
    world.facts["subscription"][0]["seats"] = 0
    assert cell(look(engine, world), "seat_utilisation_30d")[1] is State.NOT_APPLICABLE


def test_not_applicable(engine: sa.Engine) -> None:
    reason = "it does not apply: not (renewal is not null)"
    assert cell(look(engine, small()), "days_to_renewal") == (None, State.NOT_APPLICABLE, reason)
    world = small()
    world.facts["account"][0]["renewal_at"] = END + timedelta(days=9)
    frame = look(engine, world)
    assert cell(frame, "days_to_renewal") == (10, State.MEASURED, None)
    assert str(frame.anchors["days_to_renewal"][0]) == "2026-03-20"


def test_stale_on_the_current_day_only(engine: sa.Engine) -> None:
    last = NOW - timedelta(days=3, seconds=1)
    world = small("ticket", streams={"ticket": {"first_loaded_at": LONG_AGO, "last_success_at": last}})
    add(world, "ticket", opened_at=last)
    frame = look(engine, world, now=NOW)
    value, state, reason = cell(frame, "tickets_30d")
    assert (value, state) == (None, State.STALE)
    assert reason == f"tickets have not been read since {last:%Y-%m-%d %H:%M} UTC (desk)"
    assert frame.fresh_at["ticket"] == last
    assert cell(look(engine, world, now=NOW + timedelta(days=1)), "tickets_30d") == (1, State.MEASURED, None)
    world.streams[0]["last_success_at"] = last + timedelta(seconds=1)
    assert cell(look(engine, world, now=NOW), "tickets_30d") == (1, State.MEASURED, None)


def test_pushed_connections_are_loaded_and_never_stale(engine: sa.Engine) -> None:
    frame = look(engine, small("usage_day"), now=NOW)
    assert cell(frame, "logins_30d") == (0, State.MEASURED, None)
    assert frame.fresh_at["usage_day"] is None


def test_money_in_two_currencies_fails_and_names_the_pair(engine: sa.Engine) -> None:
    world = small("subscription_change", "invoice")
    add(world, "subscription_change", at=NOW)
    add(world, "subscription_change", at=NOW, currency="EUR")
    add(world, "invoice", issued_at=NOW, currency="CHF", paid_at=NOW)
    frame = look(engine, world)
    reason = "an amount is in EUR, and there is no rate from EUR to USD on or before 2026-03-10"
    assert cell(frame, "mrr") == (None, State.FAILED, reason)
    assert cell(frame, "mrr_change_90d")[1] is State.FAILED
    assert cell(frame, "upgrades_365d") == (0, State.MEASURED, None)
    assert cell(frame, "overdue_amount") == (0, State.MEASURED, None), "the foreign invoice is not overdue"
    assert cell(frame, "services_spend_365d")[1] is State.FAILED
    world.facts["subscription_change"][1]["at"] = END
    assert cell(look(engine, world), "mrr") == (100, State.MEASURED, None)


def test_a_strangers_metric_over_undated_times_and_missing_amounts(engine: sa.Engine) -> None:
    closing = metric(
        "closing",
        "n",
        title="",
        group="billing",
        unit="",
        better=None,
        empty=0,
        n=count("opportunity", at="closes_at", window=30),
    )
    value = metric("value", "n", title="", group="billing", unit="money", better=None, n=total("opportunity", "amount"))
    world = small("opportunity")
    first = add(world, "opportunity", opened_at=LONG_AGO, closes_at=NOW, amount=5)
    first["known_to"] = END
    add(world, "opportunity", known_from=END, source_id=first["source_id"], opened_at=LONG_AGO, closes_at=LONG_AGO, amount=5)
    add(world, "opportunity", opened_at=LONG_AGO, currency="EUR", amount=None)
    load(engine, world)
    with engine.connect() as c:
        frame = evaluate(c, [closing, value], day=DAY, zone=ZONE, mode=AsCorrected(), reporting_currency="USD")
    assert cell(frame, "closing") == (1, State.MEASURED, None), "it was moved back after T"
    assert cell(frame, "value") == (5, State.MEASURED, None), "no amount, no currency to mind"


def test_an_empty_store_and_an_empty_choice(engine: sa.Engine) -> None:
    assert look(engine, World()).values.shape == (0, len(BUILTIN))
    load(engine, small())
    with engine.connect() as c:
        frame = evaluate(c, [], day=DAY, zone=ZONE, mode=AsCorrected(), reporting_currency="USD")
        none = evaluate(c, BUILTIN, day=DAY, zone=ZONE, mode=AsCorrected(), reporting_currency="USD", accounts=[])
    assert frame.account_ids.tolist() == [1]
    assert none.values.shape == (0, len(BUILTIN))
    with pytest.raises(MetricError, match="'mrr' is not in this frame"):
        frame.index("mrr")


@pytest.mark.parametrize(
    ("zone", "day", "offset"),
    [
        ("America/New_York", date(2026, 3, 20), 30),  # the clocks went forward within the window
        ("America/New_York", date(2025, 11, 20), 30),  # and back
        ("Asia/Kolkata", date(2026, 3, 20), 30),
    ],
)
def test_windows_begin_and_end_at_local_midnight(engine: sa.Engine, zone: str, day: date, offset: int) -> None:
    local = ZoneInfo(zone)
    first = datetime(*(day - timedelta(days=offset - 1)).timetuple()[:3], tzinfo=local).astimezone(UTC)
    end = datetime(*(day + timedelta(days=1)).timetuple()[:3], tzinfo=local).astimezone(UTC)
    tick = timedelta(microseconds=1)
    world = small("ticket", "usage_day", "activity")
    for at in (first - tick, first, end - tick, end):
        add(world, "ticket", opened_at=at)
        add(world, "activity", at=at)
    for at in (day - timedelta(days=offset), day - timedelta(days=offset - 1), day, day + timedelta(days=1)):
        add(world, "usage_day", day=at)
    load(engine, world)
    with engine.connect() as c:
        frame = evaluate(c, BUILTIN, day=day, zone=local, mode=AsCorrected(), reporting_currency="USD")
    assert cell(frame, "tickets_30d")[0] == 2
    assert cell(frame, "logins_30d")[0] == 2
    assert cell(frame, "days_since_last_activity")[0] == 0
    assert cell(frame, "days_since_last_meeting")[0] == 0
    assert cell(frame, "oldest_open_ticket_days")[0] == offset
