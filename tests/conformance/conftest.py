"""What takes long in this folder."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)  # before `-m "not slow"` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The memory of our own connectors is measured over thousands of rows each: with the slow tests."""
    for item in items:
        if "test_builtin_" in item.nodeid and "test_19_" in item.nodeid:
            item.add_marker(pytest.mark.slow)
