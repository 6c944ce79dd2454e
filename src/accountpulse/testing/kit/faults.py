"""Rules 10, 11, 16 and 20: a fault is told and not taken for the end, waits are kept, nothing goes on for ever."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from accountpulse.testing.kit.base import Suite
from accountpulse.testing.kit.bench import ALWAYS
from accountpulse.testing.kit.exempt import unless_networked
from accountpulse.testing.kit.rules import proves
from accountpulse.testing.vendors.control import Answer, Call

PAGE_OF_A_PROXY = "<html><body><h1>Down for maintenance</h1></body></html>"
SHORT_WAIT = 7  # seconds
LONG_WAIT = 7200
PATIENCE = 60  # requests that a repeated page may cost, retries included


class FaultTests(Suite):
    """What goes wrong."""

    @proves(10, "faults", unless=unless_networked)
    def test_10_a_fault_is_not_the_end(self, stream: str, tmp_path: Path) -> None:
        """A vendor that fails half-way makes the run fail, not end with fewer rows: raise, and swallow nothing."""
        faults: tuple[tuple[str, int, str | None], ...] = (
            ("503 on every request", 503, None),
            ("a proxy's HTML page with status 200", 200, PAGE_OF_A_PROXY),
            ("an answer that breaks off", 200, '{"'),
        )
        for name, status, body in faults:
            with self.bench(stream, tmp_path) as bench:
                bench.seed(3 * self.page_size)
                link, server = bench.link(), bench.site.server
                assert server is not None
                server.fail(2, status=status, body=body, times=ALWAYS, path=bench.rows.path)
                result = bench.one(link)
                assert result.state == "failed", (
                    f"the second page of stream {stream} is {name}, but the run ended as {result.state!r} with {result.read} "
                    f"rows ({result.message}): let the error out as Transient, and take no fault for the last page"
                )
                assert "bug of the connector" not in (result.message or ""), (
                    f"the second page of stream {stream} is {name}, and the connector crashed on it: {result.message}. "
                    "Raise Transient; `context.http.get_json` does"
                )
                server.clear_faults()
                bench.must_sync(link, f"after {name}")
                bench.must_equal_vendor(link, f"The run before had met {name}")

    @proves(11, "rates", unless=unless_networked)
    def test_11_asked_to_slow_down(self, stream: str, tmp_path: Path) -> None:
        """A 429 is waited out as long as it says; without a time, the engine backs off: raise RateLimited with retry_after."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(3 * self.page_size)
            link, server = bench.link(), bench.site.server
            assert server is not None
            server.fail(2, status=429, headers={"Retry-After": str(SHORT_WAIT)}, path=bench.rows.path)
            bench.must_sync(link, f"after 429 with Retry-After: {SHORT_WAIT}")
            assert sum(bench.slept) >= SHORT_WAIT, (
                f"the vendor said Retry-After: {SHORT_WAIT}, the engine waited {bench.slept}: raise "
                "RateLimited(retry_after(headers.get('Retry-After'))) and do not retry in the connector"
            )
            bench.must_equal_vendor(link, "The run before was asked to slow down between two pages")
            for headers in ({}, {"Retry-After": "soon"}):
                bench.slept.clear()
                link = bench.link()
                server.fail(2, status=429, headers=headers, path=bench.rows.path)
                bench.must_sync(link, f"after 429 with {headers or 'no Retry-After'}")
                assert bench.slept, "429 without a time must be waited out by the engine: raise RateLimited()"
            link = bench.link()
            server.fail(2, status=429, headers={"Retry-After": str(LONG_WAIT)}, times=ALWAYS, path=bench.rows.path)
            run = bench.sync(link)
            wait = run.paused_until - bench.clock.now() if run.paused_until is not None else timedelta(0)
            assert run.state == "paused", f"429 with Retry-After: {LONG_WAIT} must pause the connection; it is {run.state!r}"
            assert wait >= timedelta(seconds=LONG_WAIT - 60), f"the vendor asked for {LONG_WAIT} s, the pause is {wait}"

    @proves(16, "stalls", unless=unless_networked)
    def test_16_a_page_that_comes_again(self, stream: str, tmp_path: Path) -> None:
        """A vendor that gives the same page for ever ends the run: compare the next page's token with this one's, and raise."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(3 * self.page_size)
            link, server = bench.link(), bench.site.server
            assert server is not None
            first: list[Answer] = []
            before = bench.requests()

            def repeat(call: Call, answer: Answer) -> Answer:
                if bench.rows.path not in call.path:
                    return answer
                if bench.requests() - before > PATIENCE:
                    return Answer(server.error_answer(503).body, 503)
                first.append(answer)
                return first[0]

            server.alter = repeat
            result = bench.one(link)
            assert len(first) < PATIENCE, (
                f"the vendor answered the same page {len(first)} times, and stream {stream} asked on: raise Transient when the "
                "token, or the last row, of a page is that of the page before"
            )
            assert result.state == "failed", (
                f"the vendor answered the same page again, and stream {stream} ended as {result.state!r}: raise Transient, for "
                "rows are missing"
            )

    @proves(20, "cancel", unless=unless_networked)
    def test_20_cancelled_within_a_page(self, stream: str, tmp_path: Path) -> None:
        """A cancelled run asks for at most one more page: yield while reading, or call `context.stop_if_cancelled()`."""
        with self.bench(stream, tmp_path) as bench:
            bench.seed(10 * self.page_size)
            link, server = bench.link(), bench.site.server
            assert server is not None
            before = bench.requests()

            def cancel(call: Call, answer: Answer) -> Answer:
                bench.stop = bench.stop or (bench.rows.path in call.path and bench.requests() - before >= 1)
                return answer

            server.alter = cancel
            result = bench.one(link)
            asked = bench.requests() - before
            assert result.state == "cancelled", f"the run was cancelled while stream {stream} read, but is {result.state!r}"
            assert asked <= 3, (
                f"the run was cancelled during the second request, and stream {stream} made {asked}: call "
                "context.stop_if_cancelled() once per page"
            )
            bench.stop, server.alter = False, None
            bench.must_sync(link, "after it was cancelled")
            bench.must_equal_vendor(link, "The run before was cancelled")
