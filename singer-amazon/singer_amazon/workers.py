"""Threads for calls that block: a bounded number, results handed to one owner."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Workers(Generic[T]):
    """Runs calls in daemon threads; with no threads, at once and in the caller's.

    All methods are for one thread, the owner's. Threads are started when they are
    needed, as few as serve: each keeps memory. They are daemons, since at the exit one
    may still sit in a request that nobody can interrupt.
    """

    def __init__(self, threads: int) -> None:
        self.size = max(threads, 1)
        """How many calls run at once."""
        self.under_way = 0
        """Calls submitted whose result was not taken yet."""
        self._max_threads = threads
        self._threads: list[threading.Thread] = []
        self._calls: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[T] | BaseException] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open_calls = 0

    @property
    def is_full(self) -> bool:
        """Whether another call would have to wait for a thread."""
        return self.under_way >= self.size

    def submit(self, call: Callable[[], T]) -> None:
        """Have a call made."""
        self.under_way += 1
        if not self._max_threads:
            self._run(call)
            return
        with self._lock:
            self._open_calls += 1
            needed = min(self._max_threads, self._open_calls)
        if len(self._threads) < needed:
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._calls.put(call)

    def next_result(self, timeout: float = 0.0) -> tuple[T] | None:
        """Return the next result, None if none comes within `timeout` seconds.

        Raises:
            BaseException: what the call has raised.
        """
        if not self.under_way:
            return None
        try:
            found = (
                self._results.get(timeout=timeout)
                if timeout
                else self._results.get_nowait()
            )
        except queue.Empty:
            return None
        self.under_way -= 1
        if isinstance(found, BaseException):
            raise found
        return found

    def drop_waiting(self) -> list[Callable[[], T]]:
        """Take back the calls that have not begun; those under way go on."""
        dropped: list[Callable[[], T]] = []
        with contextlib.suppress(queue.Empty):
            while True:
                dropped.append(self._calls.get_nowait())
        self.under_way -= len(dropped)
        with self._lock:
            self._open_calls -= len(dropped)
        return dropped

    def _work(self) -> None:
        while True:
            # no name for the call: while it waits, a thread would keep the last one
            self._run(self._calls.get())
            with self._lock:
                self._open_calls -= 1

    def _run(self, call: Callable[[], T]) -> None:
        try:
            self._results.put((call(),))
        except BaseException as error:  # noqa: BLE001 - raised again for the owner
            self._results.put(error)
