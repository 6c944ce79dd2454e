"""What is installed without an extra works without what extras bring: a stranger's kit, the command line, the API."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Sequence, Set
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.light import REPOSITORY, installed_with

from accountpulse.demo import SDKS

LIGHT = [
    "accountpulse.cli.app",
    "accountpulse.hub",
    "accountpulse.graphql.app",
    "accountpulse.testing.connectors",
    "accountpulse.testing.metrics",
    "accountpulse.testing.scorers",
    "accountpulse.testing.pushing",
    "accountpulse.authoring.sample",
]
"""What whoever installs no extra may import; the kits besides need pytest."""
IMPORT = """
import importlib, sys
kept_out = set(sys.argv[2].split(","))
class KeptOut:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in kept_out:
            raise ModuleNotFoundError(f"{name} comes with an extra", name=name)
sys.meta_path.insert(0, KeptOut())
for module in sys.argv[1].split(","):
    importlib.import_module(module)
"""


DEMO = """
from accountpulse.cli.app import cli
sys.exit(cli.main(["demo", "--once"]))
"""


def imported(modules: Sequence[str], others: Set[str], then: str = "") -> subprocess.CompletedProcess[str]:
    """What a process says that imports these modules, and then does something, where the others are not installed."""
    command = [sys.executable, "-P", "-c", IMPORT + then, ",".join(modules), ",".join(sorted(others))]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def not_of(light: Set[str]) -> set[str]:
    """The modules of every distribution but these."""
    return {
        name
        for name, distributions in packages_distributions().items()
        if not light & {canonicalize_name(each) for each in distributions}
    }


def brought_by(extra: str) -> frozenset[str]:
    """The distributions that an extra of ours brings, as pyproject.toml says: what is installed may be of another day."""
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    found: frozenset[str] = frozenset()
    for needed in map(Requirement, extras[extra]):
        if canonicalize_name(needed.name) == "accountpulse":
            found |= frozenset().union(*map(brought_by, needed.extras))
        else:
            found |= installed_with(needed.name, frozenset(needed.extras))
    return found


def test_without_extras() -> None:
    done = imported(LIGHT, not_of(installed_with("accountpulse") | installed_with("pytest")))
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("extra", ["demo", "all"])
def test_the_demo_has_all_it_needs_with_its_extra(extra: str) -> None:
    done = imported(["accountpulse.cli.demo", *SDKS], not_of(installed_with("accountpulse") | brought_by(extra)))
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_demo_says_what_to_install_before_it_does_anything() -> None:
    # Segment's client was missed last of all, when everything had been read.
    done = imported(["accountpulse.cli.app"], {"segment"}, DEMO)
    told = 'error: The demo needs an optional dependency: run pip install "accountpulse[demo]"\n'
    assert (done.stdout, done.stderr) == ("", told)
    assert done.returncode != 0
