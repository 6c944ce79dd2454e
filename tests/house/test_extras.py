"""What is installed without an extra works without what extras bring: a stranger's kit, the command line, the API."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import packages_distributions

from packaging.utils import canonicalize_name
from tests.light import installed_with

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


def test_without_extras() -> None:
    light = installed_with("accountpulse") | installed_with("pytest")
    others = {
        name
        for name, distributions in packages_distributions().items()
        if not light & {canonicalize_name(each) for each in distributions}
    }
    command = [sys.executable, "-P", "-c", IMPORT, ",".join(LIGHT), ",".join(sorted(others))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
