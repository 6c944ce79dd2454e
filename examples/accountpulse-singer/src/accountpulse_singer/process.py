"""A tap as a process of its own: started in a group, read with time-outs, and gone afterwards, whatever happened."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from accountpulse.plugins import ConfigError, Transient
from accountpulse_singer.messages import Lines

TAIL = 16 * 1024
"""How many of the last bytes of stderr are kept, to say why a tap failed."""

GRACE = 5.0
"""Seconds that a tap has to end by itself after SIGTERM, before it is killed."""

_SLICE = 0.2  # seconds between looks at whether the run was cancelled
_CHUNK = 64 * 1024
# A tap is somebody else's program: it gets no secret of ours that it was not given.
_PASSED_ON = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"}
    | {name for proxy in ("http_proxy", "https_proxy", "no_proxy", "all_proxy") for name in (proxy, proxy.upper())}
)


class Process:
    """One run of a tap. Use it as a context: on leaving, the whole process group is gone.

    silence: seconds without a byte after which the tap counts as hung. cancelled: looked at while waiting; it raises to stop.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        silence: float,
        cancelled: Callable[[], None],
    ) -> None:
        self._arguments = list(arguments)
        self._folder = folder
        self._environment = {name: value for name, value in os.environ.items() if name in _PASSED_ON} | dict(environment)
        self._silence = silence
        self._cancelled = cancelled
        self._tail = bytearray()
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Process:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - what the operator says, and no shell
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,  # a group of its own: a tap's children are stopped with it
            )
        except OSError as error:
            raise ConfigError(
                "command",
                f"{self._arguments[0]} can't be started ({error.strerror}): put the path of a tap that is installed in an "
                "environment of its own, such as python -m venv taps/x && taps/x/bin/pip install tap-x",
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def lines(self) -> Iterator[bytes]:
        """What it writes to stdout, line by line, until it closes it. Where nobody takes them, the pipe fills and it waits.

        Raises Transient when it is silent for too long.
        """
        lines = Lines()
        with selectors.DefaultSelector() as selector:
            for pipe in (self._process.stdout, self._process.stderr):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            ended = False
            while not ended:
                for key in self._ready(selector):
                    data = _read(key.fd)
                    if data is None:
                        continue
                    if not data:
                        selector.unregister(key.fileobj)
                        ended = ended or key.fileobj is self._process.stdout
                    elif key.fileobj is self._process.stderr:
                        self._tail = (self._tail + data)[-TAIL:]
                    else:
                        yield from lines.feed(data)
        if rest := lines.rest():
            yield rest

    def finish(self) -> int:
        """Wait for its end; returns the exit code, negative for a signal. Raises Transient when it does not come to one."""
        if not self._ended_within(self._silence):
            raise Transient(f"the tap closed its output, and did not end within {self._silence:g} s")
        assert self._process.stderr is not None
        while data := _read(self._process.stderr.fileno()):
            self._tail = (self._tail + data)[-TAIL:]
        self._signal(signal.SIGKILL)  # what it may have left running
        return self._process.wait()

    def tail(self) -> str:
        """The last that it wrote to stderr."""
        return self._tail.decode("utf-8", "replace").strip()

    def _ready(self, selector: selectors.BaseSelector) -> list[selectors.SelectorKey]:
        # Only time spent waiting for the tap counts: it may have to wait for us far longer.
        deadline = time.monotonic() + self._silence
        while True:
            self._cancelled()
            if events := selector.select(_SLICE):
                return [key for key, _ in events]
            if time.monotonic() > deadline:
                raise Transient(
                    f"the tap was silent for {self._silence:g} s and was stopped; where it needs longer, raise `silence`"
                )

    def _ended_within(self, seconds: float) -> bool:
        """Whether it ended, without reaping it: until then its group's number is nobody else's."""
        try:
            watched = os.pidfd_open(self._process.pid)
        except (AttributeError, OSError):  # not Linux
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            return True
        try:
            deadline = time.monotonic() + seconds
            poll = select.poll()
            poll.register(watched, select.POLLIN)
            while not poll.poll(_SLICE * 1000):
                self._cancelled()
                if time.monotonic() > deadline:
                    return False
            return True
        finally:
            os.close(watched)

    def _stop(self) -> None:
        if self._process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        self._cancelled = lambda: None  # it is being stopped already
        self._ended_within(GRACE)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # the group is gone
            os.killpg(self._process.pid, number)


def _read(descriptor: int) -> bytes | None:
    """What there is; b"" at the end, None when nothing is there now."""
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return None
