"""Which run, connection, stream or request something is about: told once, and then part of every line of the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_TOLD: ContextVar[Mapping[str, str]] = ContextVar("accountpulse_about", default={})  # noqa: B039  # never written to


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """While it lasts, in this thread and the threads that it hands work to by anyio, everything is about these ids."""
    token = _TOLD.set({**_TOLD.get(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _TOLD.reset(token)


def told() -> Mapping[str, str]:
    """What is gone about just now."""
    return _TOLD.get()
