"""AccountPulse's own API. Arguments: the store, how many bytes of answers may be kept, and of how many scores the sentences."""

from __future__ import annotations

import sys

from tests.benchmarks.portfolio import NOW
from tests.benchmarks.rivals.serve import serve
from tests.graphql.world import SmallHub

from accountpulse.core.clock import FixedClock
from accountpulse.core.garbage import settle
from accountpulse.core.scoring import stored
from accountpulse.core.store.database import Store
from accountpulse.graphql.app import create_app

hub = SmallHub(Store(sys.argv[1]), clock=FixedClock(NOW))
app = create_app(hub, kept_bytes=int(sys.argv[2]))
stored.MOST_TOLD = int(sys.argv[3])
settle()  # as `accountpulse serve` does
serve(app)
