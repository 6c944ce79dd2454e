"""Which accounts exist on a day, and what their sources together say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import sqlalchemy as sa
from tests.core.metrics.test_states import DAY, END, LONG_AGO, ZONE, add, small
from tests.core.metrics.worlds import World, load

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.asof import AsCorrected, AsKnown, Mode
from accountpulse.core.metrics.clocks import local_days, whole_days
from accountpulse.core.metrics.population import Population, population
from accountpulse.core.model import Kind
from accountpulse.core.store.types import to_micros


def look(
    engine: sa.Engine,
    world: World,
    mode: Mode | None = None,
    precedence: Mapping[str, Sequence[int]] | None = None,
    include_churned: bool = False,
) -> Population:
    load(engine, world)
    with engine.connect() as c:
        return population(
            c, day=DAY, zone=ZONE, mode=mode or AsCorrected(), precedence=precedence, include_churned=include_churned
        )


def two_sources() -> World:
    world = small()
    crm = world.facts["account"][0]
    crm |= {"name": "Acme", "plan": None, "employees": 10, "custom": {"tier": "gold", "x": None}, "domains": ["acme.example"]}
    add(world, "account", name="ACME Inc", plan="pro", employees=12, custom={"tier": "silver", "x": 1, "y": True}, domains=[])
    return world


def test_the_first_source_that_says_anything_decides(engine: sa.Engine) -> None:
    found = look(engine, two_sources())
    account = found.account(0)
    assert (account["name"], account["plan"], account["employees"]) == ("Acme", "pro", 10)
    assert account["domain"] == "acme.example"
    assert account["custom"] == {"tier": "gold", "x": 1, "y": True}
    assert account["customer_since"] == LONG_AGO
    assert [found.origins[n][0] for n in ("name", "plan", "employees", "industry")] == [1, 2, 1, None]
    assert found.origins["custom"][0] == {"tier": 1, "x": 2, "y": 2}


def test_a_configured_order_wins_for_its_attribute_only(engine: sa.Engine) -> None:
    found = look(engine, two_sources(), precedence={"name": [2, 1], "custom": [2]})
    account = found.account(0)
    assert (account["name"], account["employees"]) == ("ACME Inc", 10)
    assert account["custom"] == {"tier": "silver", "x": 1, "y": True}
    assert found.origins["name"] == [2]
    with pytest.raises(MetricError, match="no attribute 'nmae'; there are name, domain"):
        look(engine, two_sources(), precedence={"nmae": [1]})


def test_an_undated_attribute_is_that_of_the_version_valid_at_t(engine: sa.Engine) -> None:
    world = small()
    first = world.facts["account"][0]
    first |= {"plan": "free", "known_to": END}
    add(world, "account", source=1, known_from=END, source_id=first["source_id"], plan="pro")
    assert look(engine, world).values["plan"] == ["free"]
    assert look(engine, world, AsKnown(END - timedelta(seconds=1))).values["plan"] == ["free"]
    assert look(engine, world, AsKnown(END)).values["plan"] == ["pro"]
    for row in world.facts["account"]:
        row["known_from"] += timedelta(days=600)
    assert look(engine, world).values["plan"] == ["free"], "the earliest version counts as valid since ever"


def test_who_is_a_customer(engine: sa.Engine) -> None:
    world = small()
    account = world.facts["account"][0]
    account["customer_since"] = END
    assert len(look(engine, world)) == 0
    account["customer_since"] = END - timedelta(microseconds=1)
    assert len(look(engine, world)) == 1
    account |= {"customer_since": None, "created_at": END}
    assert len(look(engine, world)) == 0
    account["created_at"] = None
    assert len(look(engine, world)) == 1, "nobody dates it, so it exists since we know it"
    account["churned_at"] = END
    assert look(engine, world).values["churned_at"] == [None]
    account["churned_at"] = END - timedelta(microseconds=1)
    assert len(look(engine, world)) == 0
    assert len(look(engine, world, include_churned=True)) == 1


def test_a_parent_is_found_through_its_link(engine: sa.Engine) -> None:
    world = small()
    world.accounts.append({"id": 2, "created_at": LONG_AGO})
    world.source_accounts.append({"id": 3, "connection_id": 1, "key": "k3", "first_known_at": LONG_AGO})
    add(world, "account", source=1, source_account_id=3, source_id="k3", parent="k1", name="Child")
    world.links.append({**world.links[0], "id": 3, "source_account_id": 3, "account_id": 2})
    assert look(engine, world).values["parent"] == [None, 1]
    world.links[2]["account_id"] = 1
    assert look(engine, world).values["parent"] == [None], "merged accounts are not their own parent"


def test_local_days_of_every_instant_python_knows() -> None:
    kolkata, new_york = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")
    instants = [datetime(2026, 3, 8, 6, 59, tzinfo=UTC), datetime(2026, 3, 8, 18, 30, tzinfo=UTC)]
    numbers = np.array([*(float(to_micros(i)) for i in instants), np.nan])
    assert local_days(numbers, Kind.INSTANT, kolkata).astype(str).tolist() == ["2026-03-08", "2026-03-09", "NaT"]
    assert local_days(numbers, Kind.INSTANT, new_york).astype(str).tolist() == ["2026-03-08", "2026-03-08", "NaT"]
    forever = np.array([float(to_micros(datetime(9999, 12, 31, 12, tzinfo=UTC)))])
    days = local_days(forever, Kind.INSTANT, new_york)
    assert days.astype(str).tolist() == ["9999-12-31"]
    assert whole_days(days, date(9999, 12, 30), "until").tolist() == [1.0]
    assert whole_days(days, date(9999, 12, 30), "since").tolist() == [-1.0]
