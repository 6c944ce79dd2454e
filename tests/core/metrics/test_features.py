"""Which features are key, and what adoption makes of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.core.metrics.test_money import look
from tests.core.metrics.test_states import DAY, END, LONG_AGO, NOW, add, cell, small
from tests.core.metrics.worlds import World

from accountpulse.core.errors import MetricError
from accountpulse.core.metrics.asof import AsKnown
from accountpulse.core.metrics.builtin import BUILTIN
from accountpulse.core.metrics.compiler import check_metric
from accountpulse.core.metrics.declare import count, largest_total, metric
from accountpulse.core.metrics.features import configure_key_features
from accountpulse.core.metrics.reach import shared_inputs
from accountpulse.core.metrics.states import ComponentState as State
from accountpulse.core.store.database import Store
from accountpulse.core.store.revisions import current


def two_customers() -> World:
    """Account 1 uses export and report; account 2 uses chat. The feature `old` was last used 90 days before T."""
    world = small("usage_day")
    world.accounts.append({"id": 2, "created_at": LONG_AGO})
    for number, connection in ((3, 1), (4, 2)):
        world.source_accounts.append(
            {"id": number, "connection_id": connection, "key": f"k{number}", "first_known_at": LONG_AGO}
        )
        world.links.append({**world.links[0], "id": number, "source_account_id": number, "account_id": 2})
    add(world, "account", source=1, source_account_id=3)
    for feature, day in (("export", DAY), ("report", DAY - timedelta(days=89)), ("old", DAY - timedelta(days=90))):
        add(world, "usage_day", feature=feature, day=day)
    add(world, "usage_day", source_account_id=4, feature="chat", day=DAY, known_from=NOW)
    return world


def test_without_a_list_all_that_customers_use_is_key(engine: sa.Engine) -> None:
    world = two_customers()
    frame = look(engine, world)
    adoption = frame.index("adoption_90d")
    assert frame.values[:, adoption].tolist() == pytest.approx([2 / 3, 1 / 3])
    before = look(engine, world, mode=AsKnown(NOW - timedelta(seconds=1)))
    assert before.values[:, adoption].tolist() == pytest.approx([1, 0]), "chat was not known yet"


def test_a_list_says_what_is_key(engine: sa.Engine) -> None:
    world = two_customers()
    world.key_features = ["export", "chat", "old", "it's"]
    assert cell(look(engine, world), "adoption_90d") == (0.25, State.MEASURED, None)
    only_condition = metric(
        "key_uses", "n", title="", group="usage", unit="", better=None, n=count("usage_day", where="not is_key(feature)")
    )
    assert look(engine, world, [only_condition]).values[0].tolist() == [1]
    assert shared_inputs([only_condition]) == {"key_features"}
    assert shared_inputs([m for m in BUILTIN if m.group == "support"]) == frozenset()


def test_where_nothing_is_key_adoption_does_not_apply(engine: sa.Engine) -> None:
    assert cell(look(engine, small("usage_day")), "adoption_90d")[1] is State.NOT_APPLICABLE
    world = two_customers()
    del world.facts["usage_day"][:3]
    assert cell(look(engine, world), "adoption_90d") == (0, State.MEASURED, None), "others adopted something, this one nothing"


def test_the_list_is_kept_in_the_store(store: Store) -> None:
    for names, changes, revision in ((None, False, 0), (["b", "a", "b"], True, 1), (["a", "b"], False, 1), (None, True, 2)):
        with store.write() as connection:
            assert configure_key_features(connection, names) == changes
        with store.read() as connection:
            assert current(connection).get("facts", 0) == revision


def test_the_most_active_user(engine: sa.Engine) -> None:
    world = small("usage_day")
    for user, uses in (("ann", 4), ("bob", 3), ("ann", 1), ("cy", 2)):
        add(world, "usage_day", user=user, count=uses, day=DAY)
    add(world, "usage_day", user="bob", count=100, day=DAY - timedelta(days=30))
    assert cell(look(engine, world), "top_user_share_30d")[0] == 0.5


def test_what_is_refused() -> None:
    def trial(**aggregates: object) -> None:
        check_metric(metric("t", "n", title="", group="usage", unit="", better=None, **aggregates))  # type: ignore[arg-type]

    with pytest.raises(MetricError, match="is_key takes a feature"):
        trial(n=count("usage_day", where="is_key(count)"))
    with pytest.raises(MetricError, match="is_key takes a feature"):
        trial(n=count("usage_day", where="is_key(feature, user)"))
    with pytest.raises(MetricError, match="'by' names a column of usage_day: user, feature"):
        trial(n=largest_total("usage_day", "count", by="usr"))
    with pytest.raises(MetricError, match="has no top"):
        trial(n=largest_total("usage_day", "feature", by="user"))


def test_onboarding_ends_with_its_completion_else_with_its_latest_step(engine: sa.Engine) -> None:
    world = small("activity", "opportunity")
    world.facts["account"][0]["customer_since"] = END - timedelta(days=100)
    for days in (95, 90.5):
        add(world, "activity", kind="onboarding_step", at=END - timedelta(days=days))
    frame = look(engine, world)
    assert cell(frame, "onboarding_days")[0] == 9.5
    assert cell(frame, "onboarding_completed")[0] == 0
    assert cell(frame, "onboarding_to_first_renewal_days")[1] is State.NO_DATA
    add(world, "activity", kind="onboarding_completed", at=END - timedelta(days=92))
    for days in (40, 20):
        add(world, "opportunity", kind="renewal", opened_at=LONG_AGO, closed_at=END - timedelta(days=days), won=True)
    frame = look(engine, world)
    assert cell(frame, "onboarding_days")[0] == 8
    assert cell(frame, "onboarding_completed")[0] == 1
    assert cell(frame, "onboarding_to_first_renewal_days")[0] == 52
