"""Virtual environments that cost next to nothing: each sees what the running one has, so that nothing is downloaded."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


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
    """Make one."""
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python3*/site-packages"))
    here = sysconfig.get_path("purelib")
    (packages / "the_running_one.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    made = Light(folder)
    made.run(f"python -m pip install --quiet --no-deps -e '{REPOSITORY}'", folder)
    return made
