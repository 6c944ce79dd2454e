"""What plugins' lists may hold: no more than a query was charged for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated

import pytest
import strawberry
from tests.graphql.client import Api
from tests.graphql.test_limits import objects
from tests.graphql.world import SmallHub

FirstArg = Annotated[int, strawberry.argument(description="How many.")]


@strawberry.type(description="Somebody.")
class Person:
    name: str = strawberry.field(description="What they are called.")


def people(count: int) -> list[Person]:
    return [Person(name=f"p{i}") for i in range(count)]


@strawberry.type(description="Some people.")
class Group:
    people: list[Person] = strawberry.field(description="Its members.")


@strawberry.type(description="Some people, made of what is asked.")
class Maker:
    @strawberry.field(description="As many as there may be.")
    def people(self) -> list[Person]:
        return people(100)


@strawberry.type
class Everybody:
    """Lists of all kinds. Each gives as many as `gives` says."""

    @strawberry.field(description="A list.")
    def listed(self, gives: int) -> list[Person]:
        return people(gives)

    @strawberry.field(description="A list, later.")
    async def later(self, gives: int) -> list[Person] | None:
        await asyncio.sleep(0)
        return people(gives)

    @strawberry.field(description="One after the other.")
    def drawn(self, gives: int) -> list[Person]:
        def draw() -> Iterator[Person]:
            yield from people(gives)

        return draw()  # type: ignore[return-value]  # GraphQL takes whatever can be gone through

    @strawberry.field(description="Lists in a list.")
    def tables(self, gives: int) -> list[list[Person]]:
        return [people(gives // 2), people(gives - gives // 2)]

    @strawberry.field(description="A list that is cut.")
    def cut(self, gives: int, first: FirstArg = 10) -> list[Person]:
        return people(gives)

    @strawberry.field(description="A list in an object.")
    def group(self, gives: int) -> Group:
        return Group(people=people(gives))

    @strawberry.field(description="A page.")
    def page(self, gives: int, first: FirstArg = 10) -> Group:
        return Group(people=people(gives))

    @strawberry.field(description="A page that is made of what is asked.")
    def made(self, first: FirstArg = 10) -> Maker:
        return Maker()


@pytest.fixture
def plugged(local_api: Api) -> Api:
    return Api(SmallHub(local_api.hub.store, graphql_types=(Everybody,)))


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ("query($n: Int!) { found: listed(gives: $n) { name } }", 100),
        ("query($n: Int!) { found: later(gives: $n) { name } }", 100),
        ("query($n: Int!) { found: drawn(gives: $n) { name } }", 100),
        ("query($n: Int!) { found: tables(gives: $n) { name } }", 100),
        ("query($n: Int!) { found: cut(gives: $n) { name } }", 10),
        ("query($n: Int!) { found: cut(gives: $n, first: 3) { name } }", 3),
        ("query($n: Int!) { found: group(gives: $n) { people { name } } }", 100),
        ("query($n: Int!) { found: page(gives: $n) { people { name } } }", 10),
        ("query($n: Int!) { found: page(gives: $n, first: 0) { people { name } } }", 0),
    ],
)
def test_a_list_holds_what_the_query_is_charged_for_and_no_more(plugged: Api, query: str, most: int) -> None:
    for _ in range(3):  # plain, and compiled from the second time on
        good = plugged.ask(query, n=most)
        assert objects(good.data) - 1 == most + ("people" in query)
        assert objects(good.data) - 1 <= good.body["extensions"]["cost"]["requestedQueryCost"]
        bad = plugged.ask(query, n=most + 1)
        assert bad.codes == ["TOO_MANY"]
        assert f"more than the {most} objects" in bad.body["errors"][0]["message"]


def test_what_a_resolver_makes_of_a_page_is_charged_as_a_list(plugged: Api) -> None:
    answer = plugged.ask("{ made(first: 2) { people { name } } }")
    assert objects(answer.data) - 1 <= answer.body["extensions"]["cost"]["requestedQueryCost"]
