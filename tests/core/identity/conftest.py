"""Fixtures of the identity tests."""

from __future__ import annotations

from tests.core.sync.stores import shared_store, store

__all__ = ["shared_store", "store"]
