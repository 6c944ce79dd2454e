"""Virtual environments for what is compared with: neither pandas nor featuretools is a dependency of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.stores import CACHE

PANDAS = ("pandas", ("pandas==3.1.1", "pyarrow>=26,<27"))
# The last release of featuretools, of May 2024, works with no later pandas.
FEATURETOOLS = ("featuretools", ("featuretools==1.31.0", "woodwork==0.31.0", "pandas<3", "pyarrow>=26,<27", "setuptools<81"))
DLT = ("dlt", ("dlt[sqlalchemy,postgres]==1.31.0", "psycopg[binary]"))  # dlt's own driver is the older psycopg2

# The tap needs an older Singer SDK than the target: each has an environment of its own, as Singer means it.
SINGER_TAP = ("singer-tap", ("tap-rest-api-msdk==1.4.2",))
SINGER_TARGET = ("singer-target", ("meltanolabs-target-postgres==0.8.1",))


class NoEnvironment(Exception):
    """An environment could not be made; the message is pip's."""


def python_of(environment: tuple[str, tuple[str, ...]], *, make: bool) -> Path:
    """The Python of an environment, made on first use where `make` says so. Raises NoEnvironment."""
    name, packages = environment
    folder = CACHE / "environments" / name
    python, complete = folder / "bin" / "python", folder / "complete"
    wanted = "\n".join(packages)
    if complete.exists() and complete.read_text() == wanted:
        return python
    if not make:
        raise NoEnvironment(f"there is no environment with {name} yet, and none was to be made")
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoEnvironment(f"{name} could not be installed: {done.stderr.strip()[-300:]}")
    complete.write_text(wanted)
    return python
