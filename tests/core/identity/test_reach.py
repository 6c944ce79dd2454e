"""Placing only whom a change can concern gives what placing everybody gives: links, words, times, and who is scored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.core.identity.companies import HOUR, NOON, Company, company, person, request
from tests.core.people.firm import BERLIN
from tests.emptying import empty

from accountpulse.core.errors import AccountPulseError
from accountpulse.core.identity import reach
from accountpulse.core.identity.service import Links
from accountpulse.core.people import People
from accountpulse.core.store import tables
from accountpulse.core.store.database import Store
from accountpulse.core.store.link_evidence import link_evidence
from accountpulse.core.store.people_tables import account_note, account_target, score_override
from accountpulse.core.trail import operator
from accountpulse.testing.stores import fresh_store

ANN = operator("Ann")
SOURCES = ("crm", "billing", "desk", "app")
COMPARED = (
    tables.account, tables.link, tables.unlinked, tables.account_profile, tables.source_account,
    score_override, account_target, account_note, link_evidence,
)  # fmt: skip


class Office(Company):
    """A company whose links are kept by the service, and whose people have something to say. everybody: always places all."""

    def __init__(self, store: Store, anchors: tuple[str, ...], *, everybody: bool) -> None:
        super().__init__(store, anchors)
        self.everybody = everybody
        self.service = Links(self.store, self.clock, BERLIN, account_keys={"app": "reference"}, precedence={})
        self.people = People(self.store, self.clock, BERLIN)
        self.service.relink()

    def go(self, act: str, values: tuple[Any, ...]) -> str | None:
        """Do something; returns what was wrong with it."""
        self.clock.advance(HOUR)
        if self.everybody:
            self.service._placed_all = False
        try:
            getattr(self, f"_{act}")(*values)
        except AccountPulseError as error:
            return str(error)
        return None

    def place(self) -> None:
        """Link as what is pushed does, then take the marks away as a scoring does."""
        if self.everybody:
            self.service._placed_all = False
        self.clock.advance(HOUR)
        self.service.relink_new()

    def settle(self) -> None:
        with self.store.write() as connection:
            connection.execute(sa.delete(tables.mark))

    def _learn(self, source: str, key: str, values: dict[str, Any]) -> None:
        self.know(source, company(key, **values))

    def _meet(self, source: str, key: str, address: str, id: str) -> None:
        self.know(source, person(id, key, address))

    def _hear(self, source: str, key: str, id: str) -> None:
        self.know(source, request(id, key))

    def _drop(self, source: str, key: str) -> None:
        self.lose(source, key)

    def _link(self, source: str, key: str, account: int) -> None:
        self.service.link(f"{source}:{key}", str(account), asker=ANN)

    def _part(self, source: str, key: str) -> None:
        self.service.unlink(f"{source}:{key}", asker=ANN)

    def _release(self, source: str, key: str) -> None:
        self.service.release(f"{source}:{key}", asker=ANN)

    def _say(self, account: int) -> None:
        asked = {"reason": "so", "asker": ANN}
        self.people.override(str(account), 20, until=NOON + timedelta(days=900), **asked)  # type: ignore[arg-type]
        self.people.enter_pulse(str(account), 4, **asked)  # type: ignore[arg-type]

    def state(self) -> dict[str, list[Any]]:
        return {table.name: [tuple(row) for row in self.rows(table)] for table in COMPARED}


few, source = st.integers(0, 3), st.sampled_from(SOURCES)
key, account = few.map(lambda n: f"k{n}"), st.integers(1, 4)
evidence = st.fixed_dictionaries(
    {
        "domains": st.lists(few.map(lambda n: f"d{n}.com"), max_size=2, unique=True).map(tuple),
        "references": st.lists(key, max_size=1).map(tuple),
        "name": st.none() | few.map(str),
        "parent": st.none() | key,
    }
)
acts = st.one_of(
    st.tuples(st.just("learn"), st.tuples(source, key, evidence)),
    st.tuples(st.just("learn"), st.tuples(source, key, evidence)),
    st.tuples(st.just("meet"), st.tuples(source, key, few.map(lambda n: f"m{n}@gmail.com"), few.map(str))),
    st.tuples(st.just("hear"), st.tuples(source, key, few.map(str))),
    st.tuples(st.just("drop"), st.tuples(source, key)),
    st.tuples(st.just("link"), st.tuples(source, key, account)),
    st.tuples(st.just("part"), st.tuples(source, key)),
    st.tuples(st.just("release"), st.tuples(source, key)),
    st.tuples(st.just("say"), st.tuples(account)),
)
rounds = st.lists(st.lists(acts, min_size=1, max_size=3), min_size=2, max_size=7)
anchors = st.sampled_from([("crm",), ("crm", "billing")])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    with fresh_store(tmp_path_factory.mktemp("some")) as some, fresh_store(tmp_path_factory.mktemp("all")) as all_:
        yield some, all_


def knows(source: str, key: str, *domains: str) -> tuple[str, tuple[Any, ...]]:
    values = {"domains": domains, "references": (), "name": None, "parent": None}
    return "learn", (source, key, values)


# One that could be either of two is placed once one of them says something else: that is known by what it said before.
GIVEN_UP = [[knows("crm", "k0", "d0.com"), knows("crm", "k1", "d0.com")], [knows("desk", "k0", "d0.com")], [knows("crm", "k0")]]


def check(two: tuple[Store, Store], story: list[list[tuple[str, tuple[Any, ...]]]], anchors: tuple[str, ...]) -> None:
    for store in two:
        empty(store)
    some, everybody = Office(two[0], anchors, everybody=False), Office(two[1], anchors, everybody=True)
    for acts in story:
        for act, values in acts:
            assert some.go(act, values) == everybody.go(act, values)
        some.place()
        everybody.place()
        assert some.state() == everybody.state()
        some.settle()
        everybody.settle()
    assert some.service.relink().changed == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=5)
@example(story=GIVEN_UP, anchors=("crm",))
@given(story=rounds, anchors=anchors)
def test_placing_whom_a_change_can_concern_is_placing_everybody(
    two: tuple[Store, Store], story: list[Any], anchors: tuple[str, ...]
) -> None:
    check(two, story, anchors)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(story=rounds, anchors=anchors)
def test_placing_whom_a_change_can_concern_is_placing_everybody_at_length(
    two: tuple[Store, Store], story: list[Any], anchors: tuple[str, ...]
) -> None:
    check(two, story, anchors)


def test_a_new_key_has_only_those_placed_again_whom_it_can_concern(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(store, ("crm",), everybody=False)
    for n in range(20):
        office.know("crm", company(f"c{n}", name=f"Company {n}", domains=(f"company{n}.com",)))
        office.know("billing", company(f"b{n}", domains=(f"company{n}.com",)))
    office.place()
    office.settle()
    office.know("app", request("t1", "c7"))
    with store.read() as connection:
        before = dict(connection.execute(sa.select(tables.link.c.source_account_id, tables.link.c.account_id)).all())
    report = office.service.relink_new()
    assert report is not None
    assert (report.linked, report.changed, report.accounts) == (3, 1, {before[office.sources()["crm:c7"]]})
    office.settle()
    assert office.service.relink_new() is None
    # Where too many can be reached it is everybody.
    monkeypatch.setattr(reach, "MOST", 2)
    office.know("app", request("t2", "c8"))
    report = office.service.relink_new()
    assert report is not None
    assert (report.linked, report.changed, report.accounts) == (42, 1, None)
