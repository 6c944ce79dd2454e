"""Which files make up the mirror. The manifest is written last, in one step: what it does not name does not exist."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from accountpulse.core.files import durable, sync_folder

FORMAT = 1
NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A file with the versions of one record type whose ids are in [first, last]; `size` in bytes, to tell that it is whole."""

    file: str
    first: int
    last: int
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class FactFiles:
    """The facts of one record type. through: the largest id mirrored.

    overlay: the rows that were closed or corrected after their part was written. They stand in for those of the same ids.
    """

    through: int
    parts: tuple[Part, ...]
    overlay: Part | None = None

    @property
    def files(self) -> tuple[Part, ...]:
        return self.parts if self.overlay is None else (*self.parts, self.overlay)

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class ListFile:
    """A small table, whole. signature: what told that it had not changed."""

    part: Part
    signature: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Retired:
    """A file that a reader of an older manifest may still be reading; since when (microseconds since 1970)."""

    file: str
    since: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One state of a mirror. store, token: see core/store/mirror.py. layout: the fingerprint of the columns.

    changes: how far `fact_change` was read. refreshed: when, in microseconds since 1970.
    """

    store: str
    token: str
    layout: str
    changes: int
    refreshed: int
    facts: Mapping[str, FactFiles]
    lists: Mapping[str, ListFile]
    retired: tuple[Retired, ...] = ()

    @property
    def files(self) -> Iterator[Part]:
        """All files that are read."""
        for facts in self.facts.values():
            yield from facts.files
        for one in self.lists.values():
            yield one.part

    def whole(self, folder: Path) -> bool:
        """Whether every file is there, as long as it was."""
        return all(_size(folder / part.file) == part.size for part in self.files)

    def write(self, folder: Path) -> None:
        """Put this in place of the manifest there is, in one step, after the files it names are safe."""
        sync_folder(folder)
        with durable(folder / NAME) as file:
            file.write(json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode())
        sync_folder(folder)

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The manifest of a folder; None where there is none that can be understood."""
        try:
            data = json.loads((folder / NAME).read_bytes())
            if data.pop("format") != FORMAT:
                return None
            return cls(
                **data
                | {
                    "facts": {record: _fact_files(found) for record, found in data["facts"].items()},
                    "lists": {n: ListFile(Part(**f["part"]), tuple(f["signature"])) for n, f in data["lists"].items()},
                    "retired": tuple(Retired(**found) for found in data["retired"]),
                }
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None


def _fact_files(data: dict[str, object]) -> FactFiles:
    overlay = data["overlay"]
    return FactFiles(
        through=data["through"],  # type: ignore[arg-type]  # JSON that `write` wrote
        parts=tuple(Part(**part) for part in data["parts"]),  # type: ignore[attr-defined]
        overlay=Part(**overlay) if overlay is not None else None,  # type: ignore[arg-type]
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
