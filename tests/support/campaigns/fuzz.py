"""Runs seeded cases: each ends in time, with right results or a sentence of ours."""

from __future__ import annotations

import random
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Generic, TypeVar

from singer_amazon.errors import AmazonError
from support.campaigns.plan import Plan

T = TypeVar("T")
LONGEST_SECONDS = 10
MOST_GROWTH_KB = 300 * 1024
_SHOWN = 8


class WrongError(AssertionError):
    """The result is not right."""


class HangError(BaseException):
    """A case takes too long; nobody may catch this."""


def expect(is_right: object, words: str) -> None:
    """Complain if something is not right."""
    if not is_right:
        raise WrongError(words)


@dataclass
class Fuzz(Generic[T]):
    """Cases of one kind: how an input is made, and what has to be true of it.

    `check` returns True where the input was read and False where it was refused; an
    AmazonError with words in it is a refusal.
    """

    name: str
    make: Callable[[random.Random], T]
    check: Callable[[T], bool]
    show: Callable[[T], bytes] = lambda case: (
        case if isinstance(case, bytes) else repr(case).encode()
    )
    failures: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The first case of each kind of failure."""
    read: int = 0
    refused: int = 0

    def run(self, plan: Plan, cases: int, folder: Path) -> str:
        """Run so many cases; return the figures, or fail with seeds and inputs."""
        began = time.process_time()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(cases):
            case = self.make(plan.chance(self.name, number))
            self._try(number, case, folder)
        seconds = time.process_time() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < MOST_GROWTH_KB, f"{self.name}: {grown} KB more memory"
        assert not self.failures, self._complaint(plan)
        return (
            f"fuzz of {self.name}: {cases} cases, {self.read} read, {self.refused} "
            f"refused with a sentence, 0 wrong; {seconds:.1f} s of CPU"
        )

    def _try(self, number: int, case: T, folder: Path) -> None:
        try:
            with time_limit():
                is_read = self.check(case)
        except AmazonError as error:
            is_read = False
            if not str(error).strip():
                self._failed(number, case, error, folder)
        except (Exception, HangError) as error:  # noqa: BLE001 - what we look for
            self._failed(number, case, error, folder)
            return
        self.read += is_read
        self.refused += not is_read

    def _failed(self, number: int, case: T, error: BaseException, folder: Path) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        inner = [f for f in frames if "site-packages" not in f.filename][-1]
        words = str(error) if isinstance(error, WrongError) else inner.line
        kind = f"{type(error).__name__} in {inner.name}: {words}"[:160]
        if kind not in self.failures:
            path = folder / f"{self.name.replace(' ', '-')}-{number}"
            path.write_bytes(self.show(case))
            self.failures[kind] = (number, f"{str(error)[:500]} ({path})")

    def _complaint(self, plan: Plan) -> str:
        found = [
            f"case {number} of seed {plan.seed}: {kind}: {words}"
            for kind, (number, words) in self.failures.items()
        ]
        more = f"and {len(found) - _SHOWN} other kinds" if len(found) > _SHOWN else ""
        return "\n".join((f"fuzz of {self.name}:", *found[:_SHOWN], more))


@contextmanager
def time_limit(seconds: float = LONGEST_SECONDS) -> Iterator[None]:
    """Raise HangError in the main thread when the time is over."""

    def hang(_signal: int, _frame: FrameType | None) -> None:
        msg = f"not done in {seconds} s"
        raise HangError(msg)

    before = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
