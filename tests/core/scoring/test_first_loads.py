"""What a run may learn, and which marks it leaves, while a source is read for the first time or waits to be linked."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from tests.core.scoring.incremental_models import METRICS
from tests.core.scoring.incremental_world import KEYS, IncrementalWorld, usage

from accountpulse.core.store import connections
from accountpulse.core.store.database import Store
from accountpulse.core.store.tables import peer
from accountpulse.core.store.touched import touched, unplaced


def test_what_is_typical_is_learnt_anew_once_its_sources_have_loaded(store: Store) -> None:
    """Otherwise what was read by the first run would be typical all day, and scores rest on when that was."""
    world = IncrementalWorld(store, 1, quiet=True)

    def used(*keys: str, linked: bool = True) -> None:
        world.write([("app", [(usage(world, key, world.today), False) for key in keys], False)])
        if linked:
            world.relink()

    def learnt_from() -> set[int]:
        """From how many accounts what is typical in metrics of usage was learnt."""
        with world.store.read() as connection:
            rows = connection.execute(sa.select(peer.c.metric, peer.c.accounts)).all()
        return {row.accounts for row in rows if "usage_day" in METRICS[row.metric].sources}

    first, *others = KEYS[:5]
    set_loaded(world, None)
    used(first)
    world.service.run(world.today)
    used(others[0])
    assert world.service.run(world.today).scored == 1, "while it loads, one more account costs no more than otherwise"
    assert learnt_from() == {1}

    used(*others[1:], linked=False)
    set_loaded(world, world.clock.now())
    world.service.run(world.today)
    assert 1 in learnt_from(), "it has loaded, but whose that is has not been said yet"
    world.relink()
    assert not world.service.run_accounts([1]), "that can't be had without the others"
    world.service.run(world.today)
    assert learnt_from() == {5}
    used(first)
    assert world.service.run(world.today).scored == 1


def test_what_linking_has_not_come_to_stays_marked_for_it(store: Store) -> None:
    """Another process may score between what is pushed and its linking, which finds new keys by their marks."""
    world = IncrementalWorld(store, 1, quiet=True)
    world.service.run(world.today)
    world.write([("app", [(usage(world, KEYS[3], world.today), False)], False)])

    def marked() -> int:
        with world.store.read() as connection:
            assert touched(connection).keys() == unplaced(connection).keys()
            return len(unplaced(connection))

    for _ in range(2):
        world.service.run(world.today)
        assert marked() == 1
    world.relink()
    assert world.service.run(world.today).measured == 1
    assert marked() == 0


def set_loaded(world: IncrementalWorld, at: datetime | None) -> None:
    with world.store.write() as connection:
        connections.update_stream(connection, world.ids["app"], "s", first_loaded_at=at, last_success_at=at)
