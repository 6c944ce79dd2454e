"""What claims are checked with: the connector's code, its source tree where there is one, its page, tests and suites."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accountpulse.core.sync.connector import Connector
from accountpulse.testing.quality.declaration import Declaration

if TYPE_CHECKING:
    from accountpulse.testing.kit.rules import Coverage


@dataclass(frozen=True, slots=True)
class Suite:
    """A test class of the kit as it was found: its node id, the class, and what it covers, where it reads."""

    node: str
    cls: type
    coverage: tuple[Coverage, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What claims of a connector are checked with. tree: the top of its source, None where only the package is installed."""

    connector: type[Connector[Any]]
    declaration: Declaration
    folder: Path
    tree: Path | None = field(default=None)

    @cached_property
    def page(self) -> str | None:
        """The text of the connector's page, None where it names none, or it isn't there."""
        path = self.page_path
        return path.read_text(encoding="utf-8") if path is not None and path.is_file() else None

    @property
    def page_path(self) -> Path | None:
        """Where the page is, in the source tree."""
        return self.tree / self.declaration.docs if self.tree is not None and self.declaration.docs else None

    @cached_property
    def suites(self) -> tuple[Suite, ...]:
        """The suites of the kit that the declaration names. Raises ValueError for one that can't be had, with the reason."""
        return tuple(self._suite(node) for node in self.declaration.suites) if self.tree is not None else ()

    def _suite(self, node: str) -> Suite:
        from accountpulse.testing.connectors import ConnectorSuite
        from accountpulse.testing.kit.rules import coverage_of
        from accountpulse.testing.pushing import PushSuite

        assert self.tree is not None  # only asked for where there is one
        path, _, name = node.partition("::")
        found = getattr(_module(self.tree, path), name, None)
        if not (isinstance(found, type) and issubclass(found, ConnectorSuite | PushSuite)):
            raise ValueError(f"{node} is no ConnectorSuite and no PushSuite")
        if found.connector is not self.connector and found.connector.__qualname__ != self.connector.__qualname__:
            raise ValueError(f"{node} tests {found.connector.__name__}, not {self.connector.__name__}")
        return Suite(node, found, tuple(coverage_of(found)) if issubclass(found, ConnectorSuite) else ())

    def missing_test(self, node: str) -> str | None:
        """Why a named test isn't there; None where it is, or where there is no source tree to look in."""
        if self.tree is None:
            return None
        path, *names = node.partition("[")[0].split("::")
        file = self.tree / path
        if not file.is_file():
            return f"there is no {path}"
        for suite in self.suites:
            if node.startswith(f"{suite.node}::") and hasattr(suite.cls, names[-1]):
                return None  # inherited from the kit
        place: ast.AST = ast.parse(file.read_text(encoding="utf-8"))
        for name in names:
            inner = (child for child in ast.iter_child_nodes(place) if getattr(child, "name", None) == name)
            found = next(inner, None)
            if found is None:
                return f"there is no {name} in {path}"
            place = found
        return None if names else f"{node} names no test; write FILE::TEST"


def source_folder(connector: type[Connector[Any]]) -> Path:
    """The folder that the connector's module is in."""
    return Path(inspect.getfile(connector)).resolve().parent


def source_tree(folder: Path) -> Path | None:
    """The nearest folder above with a pyproject.toml: the top of a source tree, with tests and pages."""
    return next((each for each in (folder, *folder.parents) if (each / "pyproject.toml").is_file()), None)


def _module(tree: Path, path: str) -> Any:
    """A test module, imported from its file as pytest would."""
    file = tree / path
    if not file.is_file():
        raise ValueError(f"there is no {path}")
    name = "_audited_" + path.removesuffix(".py").replace("/", "_").replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    with _importable(tree, file.parent):
        sys.modules[name] = module  # dataclasses look their module up
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise ValueError(f"{path} can't be imported ({type(error).__name__}: {error})") from error
        finally:
            del sys.modules[name]
    return module


@contextmanager
def _importable(*folders: Path) -> Iterator[None]:
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        yield
    finally:
        sys.path[:] = before
