"""Fixtures that the whole test tree shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.postgres import PostgresUnavailable, temporary_postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL server; the test is skipped, with the reason, where none can run."""
    try:
        with temporary_postgres() as url:
            yield url
    except PostgresUnavailable as unavailable:
        pytest.skip(str(unavailable))
