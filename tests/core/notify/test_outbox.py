"""What scoring says is told to a receiver, once at least and under one id, whatever becomes of either side."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.core.notify.receiver import SECRET, Receiver, receiving
from tests.core.scoring.test_service import NOW, TODAY, World, company, ids, usage

from accountpulse.core.notify.deliver import ATTEMPTS, Delivered, Deliverer, Webhook, wait_after
from accountpulse.core.people.overrides import set_override
from accountpulse.core.people.targets import set_target
from accountpulse.core.store import outbox
from accountpulse.core.store.database import Store


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def world(store: Store) -> World:
    """Two accounts, scored once, of which nothing is to be told."""
    made = World(store, frozenset({"band_changed", "target_missed"}))
    made.put("crm", company("busy"), company("fading"))
    made.put("app", *usage("busy", range(60)), *usage("fading", range(3, 60)))
    made.service.run(TODAY)
    assert depth(store) == (0, 0, 0), "a first score is no change of band"
    return made


def depth(store: Store) -> tuple[int, ...]:
    with store.read() as connection:
        return tuple(outbox.depth(connection).values())


def deliverer(world: World, receiver: Receiver, **options: timedelta) -> Deliverer:
    return Deliverer(world.store, world.clock, Webhook(receiver.url, SECRET), timeout=(1.0, 0.3), **options)


def move(world: World, score: float) -> None:
    """Let a person decide a score, which changes the band."""
    with world.store.write() as connection:
        set_override(
            connection,
            ids(world)["Busy"],
            score,
            owner="Ann",
            reason="I know them",
            until=world.clock.now() + timedelta(days=30),
            now=world.clock.now(),
        )
    assert world.service.run_accounts([ids(world)["Busy"]])


def test_a_change_of_band_is_told_signed_and_once(world: World, receiver: Receiver) -> None:
    move(world, 10)
    assert depth(world.store) == (1, 0, 0)
    assert deliverer(world, receiver).round() == Delivered(1, 0, 0)
    assert deliverer(world, receiver).round() == Delivered(0, 0, 0)
    (told,) = receiver.taken
    assert told["type"] == "band_changed"
    assert told["account"] == {"id": ids(world)["Busy"], "name": "Busy", "domain": None, "owner": "Ann"}
    assert (told["band"]["after"], told["score"]["after"]) == ("red", 10.0)
    assert receiver.seen == [told["id"]]
    world.service.run(TODAY)
    assert depth(world.store) == (0, 1, 0)


def test_a_missed_target_is_told_once_even_after_its_row_has_aged(world: World, receiver: Receiver) -> None:
    with world.store.write() as connection:
        set_target(connection, ids(world)["Fading"], 99, due=TODAY, owner="Bo", reason=None, now=world.clock.now(), today=TODAY)
    world.service.run(TODAY)
    assert depth(world.store) == (0, 0, 0), "its day is not past"
    for days in (1, 2, 12, 13):
        world.clock.advance(NOW + timedelta(days=days) - world.clock.now())
        world.put("app", *usage("fading", [0]))
        world.service.run(TODAY + timedelta(days=days))
        deliverer(world, receiver).round()
    told = [each for each in receiver.taken if each["type"] == "target_missed"]
    assert [each["target"] for each in told] == [{"score": 99.0, "due": TODAY.isoformat(), "owner": "Bo"}]


def test_a_receiver_that_is_away_is_told_once_and_when_it_is_back(world: World, caplog: pytest.LogCaptureFixture) -> None:
    gone = Receiver()
    gone.kill()
    carrier = deliverer(world, gone)
    move(world, 10)
    with caplog.at_level(logging.WARNING, "accountpulse.notify"):
        for _ in range(3):
            assert carrier.round() == Delivered(0, 1, 0)
            world.clock.advance(timedelta(hours=1))
        back = Receiver(gone.port)
        assert carrier.round() == Delivered(1, 0, 0)
        back.kill()
    began, ended = caplog.messages
    assert began.startswith(f"127.0.0.1:{gone.port} does not answer")
    assert ended == f"127.0.0.1:{gone.port} answers again"


def test_what_fails_is_tried_again_later_and_given_up_at_last(
    world: World, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    move(world, 10)
    receiver.status = 500
    with caplog.at_level(logging.WARNING, "accountpulse.notify"):
        for _ in range(ATTEMPTS):
            assert deliverer(world, receiver).round().failed == 1
            assert deliverer(world, receiver).round().failed == 0, "it waits before it tries again"
            world.clock.advance(timedelta(hours=1, seconds=1))
    assert depth(world.store) == (0, 0, 1)
    assert deliverer(world, receiver).round() == Delivered(0, 0, 0)
    assert len(set(receiver.seen)) == 1, "it keeps its delivery id"
    assert "given up after 20 attempts" in caplog.text
    assert SECRET not in caplog.text
    assert "/hook" not in caplog.text, "an address may hold a token"
    receiver.status = 200
    with world.store.write() as connection:
        assert outbox.revive(connection, None, world.clock.now()) == 1
    assert deliverer(world, receiver).round() == Delivered(1, 0, 0)


def test_a_receiver_that_redirects_is_not_followed_and_one_that_is_gone_is_given_up(world: World, receiver: Receiver) -> None:
    move(world, 10)
    receiver.status, receiver.headers = 307, {"Location": f"{receiver.url}/elsewhere"}
    assert deliverer(world, receiver).round() == Delivered(0, 1, 0)
    assert receiver.paths == ["/hook"]
    world.clock.advance(timedelta(minutes=1))
    receiver.status, receiver.headers = 410, {}
    assert deliverer(world, receiver).round() == Delivered(0, 1, 1)
    with world.store.write() as connection:
        assert outbox.drop(connection, None) == 1
    assert depth(world.store) == (0, 0, 0)


def test_a_receiver_that_hangs_or_is_killed_holds_nobody_and_gets_it_later(world: World, receiver: Receiver) -> None:
    move(world, 10)
    move(world, 95)
    receiver.hangs = True
    assert deliverer(world, receiver).round() == Delivered(0, 1, 0), "the second waits for a better time"
    with receiving() as other:
        dead = other
    assert deliverer(world, dead).round() == Delivered(0, 1, 0)
    receiver.hangs = False
    world.clock.advance(timedelta(minutes=1))
    assert deliverer(world, receiver).round() == Delivered(2, 0, 0)
    assert {told["band"]["after"] for told in receiver.taken} == {"red", "green"}


def test_who_is_killed_while_delivering_loses_nothing_and_nobody_delivers_beside_him(world: World, receiver: Receiver) -> None:
    move(world, 10)
    with world.store.write() as connection:
        taken = outbox.claim(connection, world.clock.now(), until=world.clock.now() + timedelta(seconds=60))
    assert taken is not None
    assert deliverer(world, receiver).round() == Delivered(0, 0, 0)
    world.clock.advance(timedelta(seconds=61))
    assert deliverer(world, receiver).round() == Delivered(1, 0, 0)
    assert receiver.seen == [taken.delivery]


def test_waits_grow_to_an_hour_and_are_spread() -> None:
    waits = [wait_after(attempt, 1.0).total_seconds() for attempt in range(1, ATTEMPTS)]
    assert waits[:3] == [5, 10, 20]
    assert waits == sorted(waits)
    assert max(waits) == 3600
    assert wait_after(3, 0.0) == wait_after(3, 1.0) / 2
    assert sum(waits) > 8 * 3600
