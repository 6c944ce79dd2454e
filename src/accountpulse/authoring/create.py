"""Makes a new plugin's distribution from templates: whole or not at all, and never over something."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Literal

from accountpulse.authoring.names import Names
from accountpulse.core.errors import InvalidInput

Kind = Literal["connector", "scorer", "metric"]
KINDS: tuple[Kind, ...] = ("connector", "scorer", "metric")
LICENSES = ("Apache-2.0", "MIT", "none")

_EVERY_KIND = {
    "pyproject.toml": "pyproject.toml",
    "gitignore": ".gitignore",
    "{kind}/README.md": "README.md",
    "{kind}/plugin.py": "src/{package}/__init__.py",
    "py.typed": "src/{package}/py.typed",
    "{kind}/test.py": "tests/test_{id}.py",
}
_OF_A_KIND: dict[Kind, dict[str, str]] = {
    "connector": {},
    "scorer": {"scorer/model.yaml": "model.yaml"},
    "metric": {},
}


def create(names: Names, kind: Kind, folder: Path, *, license: str, author: str, year: int) -> list[Path]:
    """Write the distribution into `folder`; returns the paths of its files. year: of the copyright notice.

    Raises InvalidInput when something is there already, or can't be written; nothing is left half-written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput("DIR", f"{folder} is there already, and nothing is overwritten; name another folder, or remove it")
    texts = _texts(names, kind, license=license, author=author, year=year)
    try:
        beside = folder.absolute().parent
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=beside, prefix=f".{names.distribution}-") as scratch:
            made = Path(scratch) / "new"
            for target, text in texts.items():
                (made / target).parent.mkdir(parents=True, exist_ok=True)
                (made / target).write_text(text, encoding="utf-8")
            folder.mkdir(exist_ok=True)  # kept where it is there: somebody may stand in it
            for part in made.iterdir():
                shutil.move(part, folder)
    except OSError as error:
        raise InvalidInput("DIR", f"{folder} can't be written: {error.strerror}; name another folder") from error
    return [folder / target for target in texts]


def _texts(names: Names, kind: Kind, *, license: str, author: str, year: int) -> dict[str, str]:
    words = {
        "name": names.name,
        "title": names.title,
        "distribution": names.distribution,
        "package": names.package,
        "id": names.id,
        "class_name": names.class_name,
        "variable": f"{names.id.upper()}_TOKEN",
        "kind": kind,
        "host_version": ".".join(version("accountpulse").split(".")[:2]),
        "author": author,
        "author_quoted": author.replace("\\", "\\\\").replace('"', '\\"'),
        "year": str(year),
        "license_lines": f'license = "{license}"\nlicense-files = ["LICENSE"]\n' if license != "none" else "",
        "license_words": f"{license}; see LICENSE." if license != "none" else "All rights reserved.",
    }
    targets = {**_EVERY_KIND, **_OF_A_KIND[kind]}
    if license != "none":
        targets[f"license-{license}"] = "LICENSE"
    return {
        target.format(**words): Template(_template(template.format(kind=kind))).substitute(words)
        for template, target in targets.items()
    }


def _template(name: str) -> str:
    # `.tmpl`, so that no tool takes a template for a module of ours.
    return (files("accountpulse.authoring") / "templates" / f"{name}.tmpl").read_text(encoding="utf-8")
