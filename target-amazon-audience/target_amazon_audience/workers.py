"""Threads for calls to Amazon: a bounded number under way, results in one place."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")
P = ParamSpec("P")


class Workers(Generic[T]):
    """Runs calls in daemon threads; with no threads, at once and in the caller's.

    A call must not raise: what it returns is all that is heard of it.
    """

    def __init__(self, threads: int) -> None:
        self.most = max(threads, 1)
        self._calls: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._wanted = threads
        self._lock = threading.Lock()
        self._open_calls = 0
        self.under_way = 0
        """Calls submitted whose result was not taken yet."""

    @property
    def is_full(self) -> bool:
        """Whether every thread has a call."""
        return self.under_way >= self.most

    def submit(self, call: Callable[[], T]) -> None:
        """Take a call; call this and ``result`` from one thread only."""
        self.under_way += 1
        if not self._wanted:
            self._run(call)
            return
        with self._lock:
            self._open_calls += 1
            needed = min(self._wanted, self._open_calls)
        if len(self._threads) < needed:  # as few as serve: each keeps memory
            # Daemons: at exit one may still sit in a request nobody can interrupt.
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._calls.put(call)

    def result(self, timeout: float) -> T | None:
        """Return a result, or None when none came within ``timeout`` seconds."""
        if not self.under_way:
            return None
        try:
            found = (
                self._results.get(timeout=timeout)
                if timeout
                else (self._results.get_nowait())
            )
        except queue.Empty:
            return None
        self.under_way -= 1
        if isinstance(found, BaseException):
            raise found
        return found

    def _work(self) -> None:
        while True:
            self._run(self._calls.get())
            with self._lock:
                self._open_calls -= 1

    def _run(self, call: Callable[[], T]) -> None:
        try:
            self._results.put(call())
        except BaseException as error:  # noqa: BLE001 - raised again by result()
            self._results.put(error)


class Gate:
    """Lets one upload at a time be made ready; who comes next waits for its turn.

    What is ready waits for Amazon, which takes as long as it takes. What is not holds
    megabytes, and without a gate a fast reader would make one after the other.
    """

    def __init__(self) -> None:
        self._lock = threading.Semaphore()

    def wait(self) -> None:
        """Wait for the turn before to end; whoever gives the turns may then go on."""
        with self._lock:
            pass

    def turn(self) -> Turn:
        """Wait for the turn before to end; return the next."""
        self._lock.acquire()
        return Turn(self._lock.release)


class Turn:
    """The right to make an upload ready; ends once, at the latest with its block."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def ended_by(self, call: Callable[P, T]) -> Callable[P, T]:
        """Return the call, made to end the turn when it has returned."""

        def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
            found = call(*args, **kwargs)
            self._end()
            return found

        return wrapped

    def __enter__(self) -> Self:
        """Keep the turn."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, however it went."""
        self._end()

    def _end(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()
