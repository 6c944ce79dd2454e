"""Virtual environments that cost next to nothing: what they hold is linked from the running one, so nothing is downloaded.

One holds what installing a few distributions brings and nothing else, so that whoever needs more is found out.
"""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions, requires
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
OURS = "accountpulse"
INSTALLED = (OURS, "pytest", "hatchling", "editables")
"""What an author installs: docs/plugins/tutorial.md."""


@dataclass(frozen=True)
class Light:
    """An environment in `folder`, with AccountPulse installed from this clone as an author installs it."""

    folder: Path

    def run(self, command: str, cwd: Path, *, offline: bool = True, timeout: float = 1200) -> str:
        """Run a shell command; returns what it printed. Fails the test when the command does.

        offline: pip finds what the running environment has, and nothing else.
        """
        strange = ("ACCOUNTPULSE_", "PYTHON", "PYTEST_")
        variables = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
        variables |= {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(self.folder)}
        if offline:
            variables |= {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}  # of the second, 0 is "isolate? no"
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=cwd, env=variables, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout


def light_environment(folder: Path) -> Light:
    """Make one: what an author installs is there, what comes with extras is not."""
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python3*/site-packages"))
    for place in _places_of(frozenset().union(*map(installed_with, INSTALLED)) - {OURS} | {"pip"}):
        link = packages / place
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path(sysconfig.get_path("purelib")) / place)
    made = Light(folder)
    made.run(f"python -m pip install --quiet --no-deps -e '{REPOSITORY}'", folder)
    return made


def installed_with(name: str, extras: frozenset[str] = frozenset()) -> frozenset[str]:
    """The distributions that installing one brings here, itself among them."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [(str(canonicalize_name(name)), extras)]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        distribution, wanted = one
        for line in requires(distribution) or ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in wanted | {""}):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))
    return frozenset(distribution for distribution, _ in found)


def _places_of(names: frozenset[str]) -> Iterator[PurePosixPath]:
    """The files and folders of some distributions: a folder as a whole, unless another distribution has files in it."""
    mine: set[PurePosixPath] = set()
    others: set[PurePosixPath] = set()
    for distribution in distributions():
        holds = mine if canonicalize_name(distribution.metadata["Name"]) in names else others
        for file in distribution.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                holds.update((PurePosixPath(*file.parts), *list(PurePosixPath(*file.parts).parents)[:-1]))
    whole = mine - others
    yield from (place for place in whole if place.parent not in whole)
