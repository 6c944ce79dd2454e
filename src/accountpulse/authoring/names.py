"""What a new plugin is called everywhere, from the one name that its author gives."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from accountpulse.core.errors import InvalidInput

LONGEST = 40
PREFIX = "accountpulse-"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_IMPORTED = frozenset({"Any", "Iterator", "SecretStr", "Sequence"})
"""Names that the templates import, which a class must not hide."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one plugin. name: as the author gave it, such as `acme-crm`. title: for people."""

    name: str
    title: str

    @property
    def distribution(self) -> str:
        """What is installed: `accountpulse-acme-crm`."""
        return PREFIX + self.name

    @property
    def package(self) -> str:
        """What is imported: `accountpulse_acme_crm`."""
        return self.distribution.replace("-", "_")

    @property
    def id(self) -> str:
        """What configurations and models write: `acme_crm`."""
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The class: `AcmeCrm`."""
        return "".join(part.capitalize() for part in self.name.split("-"))


def names(name: str, title: str | None, taken: Container[str], kind: str) -> Names:
    """The names of a new plugin of a kind. taken: ids of that kind that are installed.

    Raises InvalidInput saying what to put instead.
    """
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise InvalidInput(
            "NAME",
            f"found {name!r}; allowed: lower-case letters and digits, with single hyphens between words, a letter first, "
            f"{LONGEST} characters at most{_suggestion(name)}",
        )
    if name.startswith(PREFIX) or name == PREFIX.rstrip("-"):
        raise InvalidInput("NAME", f"found {name!r}; {PREFIX!r} is put in front of it{_suggestion(name)}")
    found = Names(name, " ".join((title or name.replace("-", " ").title()).split()))
    if not found.title or not found.title.isprintable() or any(sign in found.title for sign in '"\\'):
        raise InvalidInput(
            "--title", f"found {title!r}; allowed: a name for people, on one line, without quotes and backslashes"
        )
    if found.class_name in _IMPORTED:
        raise InvalidInput("NAME", f"{name!r} would hide Python's own {found.class_name}; take the name of the product")
    if found.id in taken:
        raise InvalidInput("NAME", f"there is a {kind} {found.id!r} already; `accountpulse plugins` lists what is installed")
    return found


def _suggestion(name: str) -> str:
    words = re.findall(r"[a-z0-9]+", name.lower().removeprefix(PREFIX).removeprefix(PREFIX.replace("-", "_")))
    better = "-".join(words).lstrip("0123456789-")[:LONGEST].rstrip("-")
    return f"; try {better!r}" if _NAME.fullmatch(better) and better != name else ""
