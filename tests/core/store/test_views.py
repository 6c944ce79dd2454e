"""The views that other tools read say what the program says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.core.scoring.test_service import MODEL, TODAY, World, company, usage

from accountpulse.core.metrics.states import ComponentState
from accountpulse.core.model import Ticket
from accountpulse.core.scoring.bands import band_name
from accountpulse.core.scoring.packing import unpack
from accountpulse.core.scoring.parse import model_of
from accountpulse.core.store.absence import away, score_absence
from accountpulse.core.store.database import Store
from accountpulse.core.store.export import dataset
from accountpulse.core.store.scores import in_force
from accountpulse.core.store.tables import account_profile, score_current
from accountpulse.core.store.views import VIEWS

DAYS = 12


@pytest.fixture
def world(store: Store) -> World:
    """Three accounts over some days that were scored anew, and today, live."""
    made = World(store)
    made.put("crm", company("busy"), company("fading"), company("silent"))
    made.put("app", *usage("busy", range(60)), *usage("fading", range(25, 60)))
    opened = [made.clock.now() - timedelta(days=i + 1) for i in range(4)]
    made.put("desk", *[Ticket(source_id=str(i), account="fading", opened_at=at) for i, at in enumerate(opened)])
    made.service.run(TODAY, since=TODAY - timedelta(days=DAYS))
    return made


def read(store: Store, view: str) -> list[dict[str, Any]]:
    with store.read() as connection:
        rows = connection.execute(sa.text(f"select * from {view}")).mappings().all()
    # SQLite has no type for a day: there it is ISO text.
    return [{**row, "day": date.fromisoformat(str(row["day"]))} for row in rows]


def test_each_scored_day_has_the_row_in_force_of_every_account(world: World) -> None:
    found = {(row["account_id"], row["day"]): row for row in read(world.store, "score_daily")}
    bands = model_of(MODEL).bands
    wanted = 0
    with world.store.read() as connection:
        for back in range(DAYS + 1):
            day, basis = TODAY - timedelta(days=back), 1 if back else 0
            for account, row in in_force(connection, basis, before=day + timedelta(days=1)).items():
                said = found[account, day]
                assert said["score"] == pytest.approx(row.score_centi / 100, abs=1e-9)
                assert said["band"] == band_name(bands, row.band)
                assert said["coverage"] == pytest.approx(row.coverage_percent / 100, abs=1e-9)
                assert said["basis"] == ("restated" if back else "live")
                wanted += 1
    assert len(found) == wanted == 3 * (DAYS + 1)


def test_components_are_unpacked_as_the_program_unpacks_them(world: World) -> None:
    found = {(row["account_id"], row["day"], row["metric"]): row for row in read(world.store, "component_daily")}
    lines = model_of(MODEL).lines
    states = set()
    with world.store.read() as connection:
        rows = in_force(connection, 1, before=TODAY)
    for account, row in rows.items():
        components, codes = unpack([row.components])
        for place, line in enumerate(lines):
            said = found[account, TODAY - timedelta(days=1), line.metric]
            states.add(said["state"])
            assert said["state"] == ComponentState(int(codes[0, place])).label
            assert (said["metric_group"], said["weight"]) == ("usage" if place < 2 else "support", line.weight)
            if said["state"] == "measured":
                assert said["component"] == pytest.approx(float(components[0, place]), abs=1e-9)
            else:
                assert said["component"] is None
    assert len(found) == 3 * 3 * (DAYS + 1)
    assert len(states) > 1, "nothing was unknown, so nothing was tried"


def test_accounts_stand_there_with_their_score_and_without_one(world: World) -> None:
    world.put("crm", company("late"))
    with world.store.read() as connection:
        rows = connection.execute(sa.text("select * from account_current")).mappings().all()
    found = {row["name"]: row for row in rows}
    with world.store.read() as connection:
        scores = {row.account_id: row for row in connection.execute(sa.select(score_current))}
    assert found["Late"]["score"] is None
    for name in ("Busy", "Fading", "Silent"):
        row = scores[found[name]["account_id"]]
        assert (found[name]["score"], found[name]["band"]) == (row.score, row.band)
        assert str(found[name]["day"]) == TODAY.isoformat()
        assert str(found[name]["customer_since"]).startswith("2025-")
        assert found[name]["segment"] == "rest"


def test_instants_are_told_to_the_microsecond_on_both_databases(world: World) -> None:
    told = [
        datetime(2026, 6, 30, 12, 52, 20, 575903, UTC),
        datetime(2026, 6, 30, tzinfo=UTC),
        datetime(1969, 7, 20, 20, 17, 40, 7, UTC),
    ]
    with world.store.write() as connection:
        names = ("churned_at", "renewal_at", "customer_since")
        connection.execute(sa.update(account_profile).values(dict(zip(names, told, strict=True))))
    columns = dataset("account_current").columns
    with world.store.read() as connection:
        rows = [dict(zip(columns, row, strict=True)) for batch in dataset("account_current").rows(connection) for row in batch]
        scored = set(connection.execute(sa.select(score_current.c.scored_at)).scalars())
    assert [[row[name].astimezone(UTC) for name in names] for row in rows] == [told] * 3
    assert {row["scored_at"] for row in rows} == scored


def test_who_was_no_customer_on_a_day_has_no_row_of_it(world: World) -> None:
    gone = TODAY - timedelta(days=3)
    with world.store.write() as connection:
        ids = dict(connection.execute(sa.text("select name, account_id from account_current")).all())
        connection.execute(sa.insert(score_absence).values(account_id=ids["Fading"], basis=1, day=gone, until=TODAY))
        assert away(connection, 1, gone) == {ids["Fading"]}
    days = {row["day"] for row in read(world.store, "score_daily") if row["account_id"] == ids["Fading"]}
    assert gone - timedelta(days=1) in days
    assert not days & {gone, gone + timedelta(days=1)}


@pytest.mark.parametrize("view", VIEWS)
def test_columns_are_those_that_are_promised(store: Store, view: str) -> None:
    with store.read() as connection:
        assert [column["name"] for column in sa.inspect(connection).get_columns(view)] == list(VIEWS[view])
