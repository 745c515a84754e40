"""Threads for calls to Amazon: a bounded number under way, results in one place."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


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
