"""Threads for calls that block: a bounded number, results handed to one owner."""

from __future__ import annotations

import contextlib
import queue
import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

NAME = "amazon-call"
"""Of every thread."""


class _Shared(Generic[T]):
    """What the threads hold of their `Workers`: it may be gone before they are."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[Callable[[], T] | None] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[tuple[T] | BaseException] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.open_calls = 0
        self.threads = 0

    def work(self) -> None:
        """Make calls until there is to be an end."""
        # no name for the call: while it waits, a thread would keep the last one
        while self.run(self.calls.get()):
            with self.lock:
                self.open_calls -= 1

    def run(self, call: Callable[[], T] | None) -> bool:
        """Make a call and keep what it gave; False where there is none."""
        if call is None:
            return False
        try:
            self.results.put((call(),))
        except BaseException as error:  # noqa: BLE001 - raised again for the owner
            self.results.put(error)
        return True

    def waiting(self) -> list[Callable[[], T]]:
        """Take out the calls that have not begun."""
        found = []
        with contextlib.suppress(queue.Empty):
            while (call := self.calls.get_nowait()) is not None:
                found.append(call)
        return found

    def end(self) -> None:
        """Let every thread end after the call it is in."""
        self.waiting()
        for _ in range(self.threads):
            self.calls.put(None)


class Workers(Generic[T]):
    """Runs calls in daemon threads; with no threads, at once and in the caller's.

    All methods are for one thread, the owner's. Threads are started when they are
    needed, as few as serve: each keeps memory. They are daemons, since at the exit one
    may still sit in a request that nobody can interrupt. They end when the owner closes
    or forgets their workers.
    """

    def __init__(self, threads: int) -> None:
        self.size = max(threads, 1)
        """How many calls run at once."""
        self.under_way = 0
        """Calls submitted whose result was not taken yet."""
        self._max_threads = threads
        self._shared: _Shared[T] = _Shared()
        self._end = weakref.finalize(self, self._shared.end)
        self._end.atexit = False

    @property
    def is_full(self) -> bool:
        """Whether another call would have to wait for a thread."""
        return self.under_way >= self.size

    def submit(self, call: Callable[[], T]) -> None:
        """Have a call made; not after `close`."""
        self.under_way += 1
        shared = self._shared
        if not self._max_threads:
            shared.run(call)
            return
        with shared.lock:
            shared.open_calls += 1
            needed = min(self._max_threads, shared.open_calls)
        if shared.threads < needed:
            shared.threads += 1
            threading.Thread(target=shared.work, name=NAME, daemon=True).start()
        shared.calls.put(call)

    def next_result(self, timeout: float = 0.0) -> tuple[T] | None:
        """Return the next result, None if none comes within `timeout` seconds.

        Raises:
            BaseException: what the call has raised.
        """
        if not self.under_way:
            return None
        results = self._shared.results
        try:
            found = results.get(timeout=timeout) if timeout else results.get_nowait()
        except queue.Empty:
            return None
        self.under_way -= 1
        if isinstance(found, BaseException):
            raise found
        return found

    def drop_waiting(self) -> list[Callable[[], T]]:
        """Take back the calls that have not begun; those under way go on."""
        dropped = self._shared.waiting()
        self.under_way -= len(dropped)
        with self._shared.lock:
            self._shared.open_calls -= len(dropped)
        return dropped

    def close(self) -> None:
        """Let the threads end; what is still under way brings no result any more."""
        self._end()
