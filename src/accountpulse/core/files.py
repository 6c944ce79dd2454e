"""Files that are there whole or not at all, even when the machine stops, and that only their owner reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".tmp"


@contextmanager
def durable(path: Path) -> Iterator[BinaryIO]:
    """Write a file under another name, and give it its own once all of it is on the disk. What fails leaves nothing.

    The name itself is on the disk once `sync_folder` has been called.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def reserve(path: Path) -> None:
    """Make an empty file for a database, so that only its owner reads what will be in it. One that is there stays as it is."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def sync_folder(folder: Path) -> None:
    """Put the names of a folder's files on the disk too. Not every system lets one open a folder; those do it by themselves."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
