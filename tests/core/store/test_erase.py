"""Whoever is erased is gone from every table and from the file, and no sync brings them back, unless it is released."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.core.scoring.test_service import NOW, TODAY, ZONE, World, company, ids, usage

from accountpulse.care import Certificate, DataCare
from accountpulse.core.errors import NotFound
from accountpulse.core.model import Activity, Contact, Record, SurveyResponse, Ticket, UsageDay
from accountpulse.core.people.notes import add_note
from accountpulse.core.store import connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.every_table import metadata
from accountpulse.core.store.facts import FACTS
from accountpulse.core.store.tables import inbox, quarantine
from accountpulse.core.sync.connector import usage_key

JANE, OTHER = "Jane.Doe@busy.example", "joe@busy.example"


def of_jane() -> dict[str, list[Record]]:
    """What each connection knows of her, and of somebody else."""
    day = TODAY - timedelta(days=2)
    return {
        "crm": [
            Contact(source_id="c-jane", account="busy", email=JANE, name="Jane Doe", created_at=NOW - timedelta(days=90)),
            Contact(source_id="c-joe", account="busy", email=OTHER, name="Joe", created_at=NOW - timedelta(days=90)),
        ],
        "app": [
            UsageDay(source_id=usage_key("busy", u, "x", day), account="busy", user=u, feature="x", day=day, count=1)
            for u in (JANE.lower(), OTHER)
        ],
        "desk": [
            Ticket(source_id="t1", account="busy", requester=JANE, subject=f"{JANE} can't log in", opened_at=NOW),
            Ticket(source_id="t2", account="busy", requester=OTHER, subject="a question", opened_at=NOW),
            SurveyResponse(
                source_id="s1", account="busy", kind="nps", score=3, scale_min=0, scale_max=10, comment="Jane Doe left",
                respondent=JANE, responded_at=NOW,
            ),
            Activity(source_id="a1", account="busy", kind="meeting", at=NOW, contact=JANE),
        ],
    }  # fmt: skip


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.put("crm", company("busy"), company("fading"))
    made.put("app", *usage("busy", range(60)), *usage("fading", range(25, 60)))
    tell_of_jane(made)
    made.service.run(TODAY, since=TODAY - timedelta(days=3))
    with store.write() as connection:
        add_note(connection, ids(made)["Busy"], f"Called {JANE.upper()} twice", author="Ann", now=NOW)
        connection.execute(
            sa.insert(inbox).values(connection_id=made.ids["desk"], key="k", received_at=NOW, body={"from": JANE, "n": 1})
        )
        connection.execute(
            sa.insert(quarantine).values(
                connection_id=made.ids["crm"], stream="a", source_id="c-jane", reason="no name", seen_at=NOW
            )
        )
    return made


def tell_of_jane(world: World) -> None:
    for name, records in of_jane().items():
        world.put(name, *records)


def care(world: World) -> DataCare:
    return DataCare(world.store, world.clock, ZONE, {}, None)


def everything(store: Store) -> str:
    with store.read() as connection:
        return "\n".join(repr(connection.execute(sa.select(table)).all()) for table in metadata.sorted_tables).casefold()


def traces(store: Store, *words: str) -> list[str]:
    """Which of the words are left, in a table or anywhere in the file."""
    text = everything(store)
    if store.is_sqlite:
        path = Path(store.engine.url.database or "")
        for file in (path, path.with_name(f"{path.name}-wal")):
            if file.exists():
                text += file.read_bytes().decode("latin-1").casefold()
    return [word for word in words if word.casefold() in text]


def counted(store: Store, record: str) -> int:
    with store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(FACTS[record])).scalar_one())


def test_a_person_is_gone_with_all_that_was_derived_and_the_others_stay(world: World) -> None:
    assert traces(world.store, JANE, "Jane Doe", "c-jane") == [JANE, "Jane Doe", "c-jane"]
    before = {record: counted(world.store, record) for record in ("contact", "ticket", "survey_response", "activity")}
    tried = care(world).erase_contact(JANE, author="Ann", dry_run=True)
    assert traces(world.store, JANE) == [JANE], "a try changes nothing"
    done = care(world).erase_contact(JANE.upper(), author="Ann", reason="request 17")
    assert done.removed == tried.removed
    assert done.removed["fact_contact: removed"] == done.removed["fact_usage_day: removed"] == 1
    assert traces(world.store, JANE, "Jane Doe", "c-jane") == []
    assert traces(world.store, OTHER) == [OTHER]
    left = {record: counted(world.store, record) for record in before}
    assert left == {**before, "contact": before["contact"] - 1}, "tickets and answers stay, without her"
    world.service.run(TODAY)


@pytest.mark.parametrize("named", [JANE, "crm:c-jane"])
def test_no_sync_brings_a_person_back_until_it_is_released(world: World, named: str) -> None:
    done = care(world).erase_contact(named, author="Ann")
    tell_of_jane(world)
    changed = Ticket(source_id="t1", account="busy", requester=JANE, subject="solved now", opened_at=NOW, solved_at=NOW)
    world.put("desk", changed, Ticket(source_id="t9", account="busy", requester=JANE, opened_at=NOW))
    world.put("app", UsageDay(source_id="later", account="busy", user=JANE, feature="x", day=TODAY, count=1))
    assert traces(world.store, JANE, "Jane Doe", "c-jane") == []
    assert done.erasure is not None
    assert care(world).release(done.erasure, author="Bo") >= 2
    tell_of_jane(world)
    assert traces(world.store, JANE, "Jane Doe") == [JANE, "Jane Doe"]
    with pytest.raises(NotFound, match="no erasure"):
        care(world).release(done.erasure, author="Bo")


def test_an_account_is_gone_with_everything_and_stays_away(world: World) -> None:
    account = ids(world)["Busy"]
    others = [row for row in _scores(world) if row["account_id"] != account]
    done = care(world).erase_account("Busy", author="Ann")
    assert traces(world.store, JANE, OTHER, "'busy'", "|busy|", "Busy") == []
    with world.store.read() as connection:
        for table in metadata.sorted_tables:
            for column in table.columns:
                if any(each.column.table.name == "account" for each in column.foreign_keys):
                    which = sa.select(sa.func.count()).select_from(table).where(column == account)
                    assert connection.execute(which).scalar() == 0, f"{table.name}.{column.name}"
    assert done.removed["score_history: removed"] > 0
    world.put("crm", company("busy"), company("third"))
    world.put("app", *usage("busy", range(60)))
    tell_of_jane(world)
    world.service.run(TODAY)
    assert sorted(ids(world)) == ["Fading", "Third"]
    assert traces(world.store, JANE, "Busy") == []
    assert [row for row in _scores(world) if row["account_id"] == others[0]["account_id"]][: len(others)]


def test_reasons_and_what_sources_said_name_nobody_either(world: World) -> None:
    with world.store.write() as connection:
        connections.set_state(connection, world.ids["app"], "failed", NOW, message=f"no such user: {JANE.title()}")
    care(world).erase_contact(OTHER, author="Ann", reason=f"asked for by {JANE}")
    done = care(world).erase_contact(JANE, author="Ann", reason=f"{JANE.upper()} wrote on Monday")
    assert done.reason == "[erased] wrote on Monday"
    assert [row.reason for row in care(world).erasures()] == ["[erased] wrote on Monday", "asked for by [erased]"]
    assert traces(world.store, JANE) == []


def test_a_certificate_names_nobody_and_is_kept(world: World) -> None:
    done = care(world).erase_contact(JANE, author="Ann", reason="request 17")
    assert isinstance(done, Certificate)
    assert "jane" not in repr(done).casefold()
    (row,) = care(world).erasures()
    assert (row.kind, row.author, row.reason, row.removed) == ("contact", "Ann", "request 17", dict(done.removed))
    with pytest.raises(NotFound):
        care(world).erase_contact("crm-of-nobody", author="Ann")
    with pytest.raises(NotFound):
        care(world).erase_account("Nobody", author="Ann")


def test_records_are_forgotten_by_their_age_and_nothing_else(world: World) -> None:
    old = NOW - timedelta(days=300)
    world.put("desk", Ticket(source_id="old", account="busy", subject="long ago", opened_at=old))
    world.put("crm", Contact(source_id="older", account="busy", email="old@busy.example", created_at=old))
    before = {record: counted(world.store, record) for record in ("ticket", "contact", "usage_day")}
    ageing = DataCare(world.store, world.clock, ZONE, {"ticket": 200, "usage_day": 200, "inbox": 30, "runs": 30}, None)
    assert ageing.forget_old(dry_run=True)["ticket"] == 1
    assert counted(world.store, "ticket") == before["ticket"]
    assert ageing.forget_old() == {"ticket": 1, "usage_day": 0, "inbox": 0, "runs": 0}
    assert {record: counted(world.store, record) for record in before} == {**before, "ticket": before["ticket"] - 1}
    world.put("desk", Ticket(source_id="old", account="busy", subject="long ago", opened_at=old))
    ageing.forget_old_weekly()
    assert counted(world.store, "ticket") == before["ticket"], "it was done this week"
    world.clock.advance(timedelta(days=8))
    ageing.forget_old_weekly()
    assert counted(world.store, "ticket") == before["ticket"] - 1


def _scores(world: World) -> list[dict[str, Any]]:
    with world.store.read() as connection:
        return [dict(row) for row in connection.execute(sa.text("select * from account_current")).mappings()]
