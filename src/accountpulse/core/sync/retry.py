"""When and how long to wait before trying again. tenacity does the counting; connectors never retry by themselves."""

from __future__ import annotations

import logging
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
    sleep: Callable[[float], object] = time.sleep


class Attempts:
    """Runs a function again after faults that may pass; `progressed()` starts the count and the back-off anew."""

    def __init__(self, policy: RetryPolicy, log: logging.Logger) -> None:
        """log: who waits is said there, so that nobody takes waiting for standing still."""
        self._policy = policy
        self._log = log
        self._failures = 0
        self.retries = 0

    def progressed(self) -> None:
        """The cursor moved: what failed before is behind us."""
        self._failures = 0

    def run(self, step: Callable[[], None]) -> None:
        """Call `step` until it ends well. Raises what it raised last when patience or attempts are used up."""
        policy = self._policy
        tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._worth_another),
            wait=self._wait,
            stop=lambda _: self._failures >= policy.attempts,
            before_sleep=self._count_retry,
            sleep=self._sleep,
            reraise=True,
        )(step)

    def _worth_another(self, error: BaseException) -> bool:
        if isinstance(error, RateLimited) and error.retry_after is not None and error.retry_after > self._policy.patience:
            return False
        if not isinstance(error, Transient | RateLimited):
            return False
        self._failures += 1
        return True

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return max(0.0, error.retry_after.total_seconds())
        # tenacity counts from the first failure of all; after progress the back-off is short again.
        state.attempt_number = self._failures
        jittered = tenacity.wait_random_exponential(
            multiplier=self._policy.base.total_seconds(), max=self._policy.ceiling.total_seconds()
        )
        return jittered(state)

    def _sleep(self, seconds: float) -> None:
        self._policy.sleep(seconds)

    def _count_retry(self, state: tenacity.RetryCallState) -> None:
        self.retries += 1
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        self._log.warning("%s; trying again in %.0f s (%d of %d)", error, wait, self._failures, self._policy.attempts)
