"""What only whole processes show: other time zones, and kill -9 at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conformance import (
    test_acme,
    test_builtin_hubspot,
    test_builtin_intercom,
    test_builtin_posthog,
    test_builtin_salesforce,
    test_builtin_stripe,
    test_builtin_zendesk,
)
from tests.conformance.killed import REPOSITORY, sync_and_kill

from accountpulse.testing.kit.base import Suite


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "UTC"])
def test_the_kit_and_the_mappings_say_the_same_in_every_zone(zone: str) -> None:
    """R39: the machine's time zone is nobody's business, neither the engine's nor that of any vendor's times."""
    wanted = ["tests/conformance/test_acme.py", "tests/connectors", "-k", "test_acme or test_mapping", "-m", "not slow"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *wanted, "-q", "-x", "-p", "no:cacheprovider"],
        cwd=REPOSITORY,
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suite", "stream", "kills"),
    [
        (test_acme.TestAcme, "customers", 20),
        (test_builtin_hubspot.TestHubSpot, "companies", 3),
        (test_builtin_intercom.TestIntercom, "conversations", 3),
        (test_builtin_posthog.TestPostHog, "usage", 3),
        (test_builtin_salesforce.TestSalesforce, "accounts", 3),
        (test_builtin_stripe.TestStripe, "customers", 3),
        (test_builtin_zendesk.TestZendesk, "tickets", 3),
    ],
    ids=lambda value: value.connector.id if isinstance(value, type) else None,
)
def test_killed_at_random_the_store_equals_the_vendor(suite: type[Suite], stream: str, kills: int, tmp_path: Path) -> None:
    """R1: SIGKILL of a real process, at random, while rows come and go; the run after it makes it good."""
    chance = random.Random(20260302)  # the same kills each time
    killed = 0
    with suite().bench(stream, tmp_path) as bench:
        link = bench.link()
        bench.seed(12, every=timedelta(seconds=20))
        for _ in range(kills):
            for id in chance.sample(sorted(bench.rows.alive), 5):
                bench.rows.touch(id)
            bench.rows.put()
            if bench.spec.deletes == "tombstones":
                bench.rows.delete(chance.choice(sorted(bench.rows.alive)))
            bench.settle()
            killed += sync_and_kill(bench, link, chance.randint(1, 3)) == -signal.SIGKILL
        bench.settle()
        bench.must_sync(link, "after the kills")
        bench.must_equal_vendor(link, "Nothing may be lost or left by a run that was killed.")
    assert killed > kills / 2, "most runs must really have been killed"
