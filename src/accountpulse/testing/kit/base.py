"""What every test of the kit stands on: the declarations that an author makes, and a bench for each test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from accountpulse.core.clock import FixedClock
from accountpulse.core.sync.connector import Connector, StreamSpec
from accountpulse.testing.kit.bench import START, Bench
from accountpulse.testing.kit.rules import Coverage, coverage_of, refuse_bad_reasons
from accountpulse.testing.kit.vendors import RestSite, Site, Vendor, filled, secrets_of
from accountpulse.testing.stores import fresh_store
from accountpulse.testing.vendors.rest import RestVendor


class Suite:
    """Declarations of a connector's tests.

    good, bad: settings that work, and settings that the vendor refuses; `{vendor}` in them is the simulated vendor's URL. bad
    stays None only where a configuration holds no secret. vendor: how the vendor's list looks, one a stream by name where there
    are several, or a `Vendor` of your own. not_covered: topic, or STREAM.topic -> why. earlier: release -> the `settings` it
    took and the `cursors` it left, by stream. page_size: how many rows a page has in the tests; 3, so that few rows fill many
    pages. flood: how many rows the memory test reads.
    """

    connector: ClassVar[type[Connector[Any]]]
    good: ClassVar[Mapping[str, Any]]
    bad: ClassVar[Mapping[str, Any] | None] = None
    vendor: ClassVar[RestVendor | Mapping[str, RestVendor] | Vendor]
    not_covered: ClassVar[Mapping[str, str]] = {}
    earlier: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    page_size: ClassVar[int] = 3
    flood: ClassVar[int] = 50_000

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if hasattr(cls, "connector"):
            refuse_bad_reasons(cls)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run what concerns a stream once for each."""
        if "stream" in metafunc.fixturenames:
            metafunc.parametrize("stream", [spec.name for spec in self.connector.streams()])

    @classmethod
    def coverage(cls) -> list[Coverage]:
        """Every rule of the kit, and whether this suite covers it: what the quality scale goes by."""
        return list(coverage_of(cls))

    # -- the bench ----------------------------------------------------------------------------------------------------

    @contextmanager
    def bench(self, stream: str, folder: Path) -> Iterator[Bench]:
        """A fresh vendor and an empty store, for one scenario."""
        clock = FixedClock(START)
        folder = folder / f"scenario-{len(list(folder.iterdir()))}"
        folder.mkdir()
        with self._vendor().open(clock, folder) as site, fresh_store(folder) as store:
            spec = next(each for each in self.connector.streams() if each.name == stream)
            assert stream in site.rows, f"{type(self).__name__}.vendor has no rows for stream {stream}: declare one for it"
            if site.server is not None:
                site.server.page_size = self.page_size
            yield Bench(self.connector, filled(self.good, site.settings), site, store, clock, spec)

    @contextmanager
    def site(self, folder: Path) -> Iterator[tuple[Site, FixedClock]]:
        """A fresh vendor alone."""
        clock = FixedClock(START)
        with self._vendor().open(clock, folder) as site:
            yield site, clock

    def _vendor(self) -> Vendor:
        vendor = self.vendor
        specs = self.connector.streams()
        if isinstance(vendor, RestVendor):
            assert len(specs) == 1, (
                f"{type(self).__name__}.vendor: {self.connector.__name__} has the streams {_names(specs)}; "
                "put a RestVendor for each, by its name"
            )
            vendor = {specs[0].name: vendor}
        if isinstance(vendor, Mapping):
            known = self.connector.Config.model_validate(filled(self.good, {"vendor": "http://127.0.0.1"}))
            return RestSite(vendor, specs, secrets_of(known))
        return vendor


def _names(specs: tuple[StreamSpec, ...]) -> str:
    return ", ".join(spec.name for spec in specs)
