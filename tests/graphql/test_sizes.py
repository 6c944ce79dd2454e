"""No answer holds more objects than its query cost, however large models become; and no list is without a bound."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.graphql.client import Api
from tests.graphql.execution.documents import Queries
from tests.graphql.test_limits import VALUES, objects
from tests.graphql.world import MODEL, NOW, TODAY, World

from accountpulse.core.scoring.types import Adjustment, Matched
from accountpulse.core.store import tables
from accountpulse.core.store.largest import Largest
from accountpulse.core.store.revisions import bump
from accountpulse.graphql.limits.cost import MOST, OF_MODELS, SIZES, Costs, is_list, size_of
from accountpulse.graphql.limits.sizes import sizes_of
from accountpulse.graphql.schema import build_schema
from accountpulse.graphql.settings import ApiSettings
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_composite_type

SCHEMA = build_schema()._schema
ACCOUNTS = "{{ accounts(first: 2) {{ nodes {{ {} }} }} }}"
TIGHT = [
    ACCOUNTS.format("score { components { metric { name } } }"),
    ACCOUNTS.format("score { adjustments { code } }"),
    ACCOUNTS.format("score { matchedSegments { segment } }"),
    ACCOUNTS.format('history(from: "2026-11-21", first: 1) { points { components { metric { name } } } }'),
    "{ models(first: 1) { groups { name } } }",
    "{ models(first: 1) { groups { metrics { weight } } } }",
    "{ models(first: 1) { bands { name } } }",
    "{ segments { name } }",
    "{ segments { bands { band } } }",
    '{ portfolio { movement(since: "2026-11-20") { transitions { accounts } } } }',
]
"""Queries that return little else than what a model is made of."""


def model_of(metrics: int, groups: int, bands: int) -> dict[str, Any]:
    """A model with so many metrics, all in the first groups; its bands are called after how many there are."""
    line = MODEL["groups"][0]["metrics"][0]  # type: ignore[index]
    held: list[list[dict[str, Any]]] = [[] for _ in range(groups)]
    for i in range(metrics):
        held[min(i, groups - 1)].append({**line, "metric": f"m{i}"})
    return {
        **deepcopy(MODEL),
        "bands": [{"name": f"b{bands}-{i}", "from": i * 100 / bands, "to": (i + 1) * 100 / bands} for i in range(bands)],
        "groups": [{"name": f"g{i}", "weight": 1.0, "metrics": lines} for i, lines in enumerate(held)],
    }


class Growing:
    """A store whose models grow, and its API."""

    def __init__(self, api: Api) -> None:
        self._world = World.over(api.hub.store)
        self._model = 1
        self.api = Api(api.hub, settings=ApiSettings(max_cost=MOST, bucket=MOST))

    def grow(self, metrics: int, groups: int, bands: int) -> None:
        """Publish another model, and score two accounts with it."""
        world, model = self._world, model_of(metrics, groups, bands)
        self._model += 1
        world.insert(
            tables.scoring_model,
            {"id": self._model, "version": f"v{self._model}", "name": "grown", "content": model, "created_at": NOW},
        )
        world.insert(tables.segment, *({"name": f"s{self._model}-{i}"} for i in range(metrics)))
        part = World._score(1, 50.0)["components"][0]
        with world.store.write() as connection:
            for table in (tables.score_history, tables.score_current, tables.score_detail, tables.account_profile):
                connection.execute(table.delete())
            bump(connection, "models", "scores", "facts")
        for i in range(2):
            id = world.account(
                f"Account {i}",
                score=50.0,
                model_id=self._model,
                band=model["bands"][0]["name"],
                components=[replace(part, metric=f"m{i}", title=f"m{i}") for i in range(metrics)],
                adjustments=[Adjustment(f"neutral:m{i}", "unknown", 0.1).to_json() for i in range(metrics)],
                matched=[Matched(f"s{i}", "why").to_json() for i in range(metrics)],
            )
            world.history(id, TODAY, 50.0, model_id=self._model, components=metrics)


def test_no_answer_holds_more_objects_than_its_query_cost_however_large_models_are(local_api: Api) -> None:
    growing = Growing(local_api)
    queries = Queries(SCHEMA, 11, VALUES, most_fields=40)
    largest = 0

    def within(query: str, variables: dict[str, Any]) -> int:
        answer = growing.api.ask(query, **variables)
        if "extensions" not in answer.body:
            return 0  # too deep, or too many aliases
        found = objects(answer.body.get("data") or {}) - 1
        assert found <= answer.body["extensions"]["cost"]["requestedQueryCost"], query
        return found

    @settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
    @given(st.integers(1, 80), st.integers(1, 30), st.integers(1, 30))
    @example(80, 30, 30)
    @example(31, 1, 1)
    def law(metrics: int, groups: int, bands: int) -> None:
        nonlocal largest
        growing.grow(metrics, groups, bands)
        for query in TIGHT:
            largest = max(largest, within(query, {}))
        for _ in range(2):
            made = queries.make()
            within(made.text, made.variables)

    law()
    assert largest > 2 * 2 * 80


def test_every_list_of_objects_has_a_bound() -> None:
    """Each has `first`, or is cut by an argument of the field that it hangs on, or a size that code or the store bounds."""
    composite = [kind for name, kind in SCHEMA.type_map.items() if not name.startswith("__")]
    kinds = [kind for kind in composite if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)]
    cut: set[tuple[str, str]] = set()
    for kind in kinds:
        for name, field in kind.fields.items():
            cut |= {(get_named_type(field.type).name, each) for each in size_of(kind.name, name, field).sized}
    unbounded = [
        f"{kind.name}.{name}"
        for kind in kinds
        for name, field in kind.fields.items()
        if is_list(field)
        and is_composite_type(get_named_type(field.type))
        and not size_of(kind.name, name, field).slicing
        and (kind.name, name) not in cut
        and not {f"{kind.name}.{name}", name} & (SIZES | OF_MODELS).keys()
    ]
    assert unbounded == []


def test_what_rests_on_models_is_looked_up() -> None:
    assert sizes_of(Largest()).keys() == OF_MODELS.keys()


def test_what_a_query_costs_is_counted_anew_when_models_have_grown() -> None:
    costs = Costs(SCHEMA)
    prepared = build_schema().documents.prepare("{ accounts(first: 1) { nodes { score { components { group } } } } }")
    (operation,) = prepared.operations
    assert costs.of(prepared, operation, {}) == 1 + 1 + 1 + 30
    costs.look_up({"Score.components": 80})
    assert costs.of(prepared, operation, {}) == 1 + 1 + 1 + 80
    costs.look_up({"Score.components": 6})
    assert costs.of(prepared, operation, {}) == 1 + 1 + 1 + 30
