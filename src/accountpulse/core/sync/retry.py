"""When and how long to wait before trying again. tenacity does the counting; connectors never retry by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import tenacity

from accountpulse.core.errors import RateLimited, Transient


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """attempts: how many without any progress. base, ceiling: of the exponential back-off with full jitter.

    patience: a longer wait that a vendor asks for pauses the connection instead of holding the run.
    """

    attempts: int = 5
    base: timedelta = timedelta(seconds=1)
    ceiling: timedelta = timedelta(seconds=60)
    patience: timedelta = timedelta(seconds=90)
    sleep: Callable[[float], None] = time.sleep


class Attempts:
    """Runs a function again after faults that may pass; `progressed()` starts the count anew."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._failures = 0
        self.retries = 0

    def progressed(self) -> None:
        """Something was committed: what failed before is behind us."""
        self._failures = 0

    def run(self, step: Callable[[], None]) -> None:
        """Call `step` until it ends well. Raises what it raised last when patience or attempts are used up."""
        policy = self._policy
        tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._worth_another),
            wait=self._wait,
            stop=self._used_up,
            sleep=policy.sleep,
            reraise=True,
        )(step)

    def _worth_another(self, error: BaseException) -> bool:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after <= self._policy.patience
        return isinstance(error, Transient | RateLimited)

    def _used_up(self, _: tenacity.RetryCallState) -> bool:
        self._failures += 1
        return self._failures >= self._policy.attempts

    def _wait(self, state: tenacity.RetryCallState) -> float:
        self.retries += 1
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after.total_seconds()
        jittered = tenacity.wait_random_exponential(
            multiplier=self._policy.base.total_seconds(), max=self._policy.ceiling.total_seconds()
        )
        return jittered(state)
