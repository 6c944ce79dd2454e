"""The bridge under the kit, with a tap that behaves: what holds between a tap and the store is proved here."""

import sys
from pathlib import Path

from accountpulse.testing.connectors import ConnectorSuite, RestVendor
from accountpulse_singer.source import Singer

HERE = Path(__file__).parent


class TestSinger(ConnectorSuite):
    connector = Singer
    good = {
        "command": (sys.executable, "-S", "-E", str(HERE / "tap_plain.py")),
        "settings": {"api_url": "{vendor}"},
        "secrets": {"token": "s3cret"},
        "mapping": str(HERE / "customers.yaml"),
        "catalog": "none",
    }
    bad = {**good, "secrets": {"token": "wrong"}}
    vendor = {"rows": RestVendor("/customers", since="updated_since", items="data")}
    not_covered = {
        "rates": "the tap waits by itself when it is asked to, and tells nobody how long",
        "cancel": "the tap reads ahead by as much as the pipe holds; that it is stopped is tested in test_process.py",
        "memory": "the tap reads ahead by as much as the pipe holds; that memory is flat is tested in test_process.py",
        "streams": "what it brings is what the mapping names, out of every type there is",
    }
