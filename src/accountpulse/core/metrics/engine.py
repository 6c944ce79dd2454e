"""The seam between a metric as text and what runs it.

An engine says which facts one evaluation reads: it gives a `Facts`, which names its dialect and answers texts written in it.
Exchange rates, connections and how far their streams are always come from the store: they are few.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from accountpulse.core.metrics.dialects import Dialect, dialect_of

if TYPE_CHECKING:
    from accountpulse.core.mirror import Mirror

Floats = NDArray[np.float64]


class Answer(Protocol):
    """The rows of a query, read by column."""

    def objects(self, column: int) -> Sequence[object]:
        """A column as Python values. An instant is a datetime, or whole microseconds since 1970."""
        ...

    def floats(self, first: int, count: int) -> Floats:
        """`count` columns of numbers from `first` on: (rows, count), NaN for null."""
        ...


class Facts(Protocol):
    """One consistent view of the facts."""

    @property
    def dialect(self) -> Dialect: ...

    def ask(self, query: str, parameters: Mapping[str, object]) -> Answer:
        """Run a query. Its parameters are written `:name`; those it does not mention are ignored."""
        ...


class Engine(Protocol):
    """Where metrics run.

    spreads: whether it can score there too, on machines of its own, see scoring/spread.py. elsewhere: whether it reads facts
    of whose changes the store hears nothing, so that nobody can say who must be scored again.
    """

    @property
    def spreads(self) -> bool: ...
    @property
    def elsewhere(self) -> bool: ...

    def facts(self, connection: sa.Connection, accounts: Sequence[int] | None = None) -> Facts:
        """The facts for one evaluation. connection: a transaction on the store; accounts: those asked about, None for all."""
        ...


class PluggedEngine(ABC):
    """An engine that a plugin brings: `engine: <id>` in the configuration chooses it. Its own settings are its own affair.

    id: what the configuration calls it. mirror: the Parquet mirror of the facts, None where the configuration asks for none.
    """

    id: ClassVar[str]
    spreads = False
    elsewhere = False

    def __init__(self, mirror: Mirror | None) -> None:
        self.mirror = mirror

    @abstractmethod
    def facts(self, connection: sa.Connection, accounts: Sequence[int] | None = None) -> Facts:
        """See `Engine.facts`."""


PARAMETER = re.compile(r":([a-z_][a-z0-9_]*)")
"""How a query names a parameter."""


def mentioned(query: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """The parameters that a query names, for engines that refuse others."""
    return {name: parameters[name] for name in dict.fromkeys(PARAMETER.findall(query))}


# --- the store itself -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer that came as rows."""

    rows: Sequence[Sequence[object]]

    def objects(self, column: int) -> list[object]:
        return [row[column] for row in self.rows]

    def floats(self, first: int, count: int) -> Floats:
        return np.array([row[first : first + count] for row in self.rows], dtype=np.float64).reshape(len(self.rows), count)


class StoreFacts:
    """The facts as a transaction on the store sees them."""

    def __init__(self, connection: sa.Connection) -> None:
        self.dialect = dialect_of(connection)
        self._connection = connection
        if self.dialect.begin:
            connection.execute(sa.text(self.dialect.begin))

    def ask(self, query: str, parameters: Mapping[str, object]) -> Rows:
        with self._connection.execute(_statement(query), dict(parameters)) as result:
            assert result.cursor is not None
            # The driver's own rows: nothing is known of the columns' types, so SQLAlchemy's would only take longer to read.
            return Rows(result.cursor.fetchall())


class StoreEngine:
    """Metrics run in the store: nothing to set up, and enough to about 100,000 accounts."""

    spreads = False
    elsewhere = False

    def facts(self, connection: sa.Connection, accounts: Sequence[int] | None = None) -> StoreFacts:  # noqa: ARG002
        return StoreFacts(connection)


STORE = StoreEngine()


@lru_cache(maxsize=128)
def _statement(query: str) -> sa.TextClause:
    return sa.text(query)
