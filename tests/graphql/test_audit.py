"""GraphQL over HTTP, as the npm package graphql-http audits it."""

from __future__ import annotations

import pytest
from tests.audit import server
from tests.node import NoPackages


@pytest.mark.slow
def test_every_audit_is_ok() -> None:
    try:
        found = server.run()
    except NoPackages as error:
        pytest.skip(str(error))
    assert len(found) == 61
    assert [each for each in found if each.status != "ok"] == []
