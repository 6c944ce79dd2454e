"""What the log says of something that is away for a while."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa

from accountpulse.core.observe.outage import Outage, StoreOutage

LOG = logging.getLogger("accountpulse.tests")


def test_an_outage_is_told_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage(LOG, "it is away", "it is back")
    outage.over()
    for why in ("first", "second", "third"):
        outage.met(why)
    outage.over()
    outage.over()
    outage.met("again")
    assert caplog.messages == ["it is away: first", "it is back", "it is away: again"]


def test_a_store_that_is_away_is_one_line_and_any_other_trouble_is_told_in_full(caplog: pytest.LogCaptureFixture) -> None:
    trouble = StoreOutage(LOG, "the tide could not be read")
    for _ in range(3):
        trouble.met(sa.exc.OperationalError("select 'a record'", None, ConnectionError("no route")))
    trouble.met(KeyError("x"))
    trouble.over()
    assert [(record.levelname, record.exc_info is not None) for record in caplog.records] == [
        ("WARNING", False),
        ("ERROR", True),
        ("WARNING", False),
    ]
    assert "the tide could not be read" in caplog.messages[0]
    assert "a record" not in caplog.text
