"""A first look at a connector: it is synced, for real, from the stand-in for its vendor that its own tests describe."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accountpulse.core.errors import AccountPulseError, InvalidInput, NotFound
from accountpulse.core.model import Record
from accountpulse.core.sync.connector import Identity
from accountpulse.core.sync.results import StreamResult
from accountpulse.testing.connectors import ConnectorSuite

ROWS = 12


@dataclass(frozen=True, slots=True)
class Look:
    """What a stream brought. records: the first ones, as the connector yielded them. stored: how many the store has now."""

    connector: str
    stream: str
    identity: Identity
    result: StreamResult
    records: Sequence[Record]
    stored: int


def suites(files: Sequence[Path]) -> list[type[ConnectorSuite]]:
    """The connectors' suites in test modules. Raises NotFound when there is none, InvalidInput when one can't be imported."""
    found: list[type[ConnectorSuite]] = []
    for file in files:
        found += [each for each in _classes(file) if hasattr(each, "connector")]
    if not found:
        named = ", ".join(str(file) for file in files) or "tests/test_*.py"
        raise NotFound(
            f"there is no ConnectorSuite in {named}; run this in a plugin's folder, such as one that "
            "`accountpulse plugin new` made, or name the test module"
        )
    return found


def look(suite: type[ConnectorSuite], rows: int = ROWS, most: int = 5) -> list[Look]:
    """Sync every stream of a suite's connector from its own vendor with some rows, into a store that is thrown away.

    most: how many records to keep of each stream. Raises what `check()` raises.
    """
    found = []
    for spec in suite.connector.streams():
        with (
            tempfile.TemporaryDirectory(prefix="accountpulse-look-") as folder,
            suite().bench(spec.name, Path(folder)) as bench,
        ):
            bench.seed(rows)
            connector = bench.connect()
            try:
                identity = connector.check()
            finally:
                connector.close()
            link = bench.link()
            result = bench.one(link)
            records = bench.read().records[:most]
            found.append(Look(suite.connector.id, spec.name, identity, result, records, len(bench.stored(link))))
    return found


def _classes(file: Path) -> list[type[ConnectorSuite]]:
    """The suites that a test module itself defines, imported as pytest would: with its folder on the path."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise InvalidInput("FILE", f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except AccountPulseError:
        raise
    except Exception as error:
        raise InvalidInput("FILE", f"{file} can't be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(file.parent.resolve()))
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, ConnectorSuite) and member.__module__ == file.stem
    ]
