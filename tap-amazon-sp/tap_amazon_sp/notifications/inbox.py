"""The messages that are held until their result stands in the state.

SQS delivers at least once and in any order: a message comes again while it is held,
and two messages may say the same. What is nobody's of this run is never held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tap_amazon_sp.notifications.messages import Announcement, Message, read_message


@dataclass(slots=True)
class _Held:
    announcement: Announcement
    receipts: dict[str, None] = field(default_factory=dict)
    settled_at: int | None = None
    """The number of the last state written when its result was known."""


class Inbox:
    """Messages of one run.

    `announce` says whether an announcement is for a report of this run, and hands it
    on; `is_settled` whether this run is through with what it announces.
    """

    def __init__(
        self,
        announce: Callable[[Announcement], bool],
        is_settled: Callable[[Announcement], bool],
    ) -> None:
        self._announce = announce
        self._is_settled = is_settled
        self._held: dict[str, _Held] = {}
        self.taken = 0
        """Messages that announce a report of this run, repetitions included."""
        self.left = 0
        """Messages left for others."""

    def take(self, messages: Iterable[Message]) -> None:
        """Take in messages, in whatever order they come."""
        for message in messages:
            announcement = read_message(message.body)
            if announcement is None or not self._announce(announcement):
                self.left += 1
                continue
            self.taken += 1
            held = self._held.setdefault(
                announcement.notification_id, _Held(announcement)
            )
            held.receipts[message.receipt] = None

    def done(self, written: int, *, has_changes: bool) -> Sequence[str]:
        """Return the receipts of messages that can be deleted.

        `written` is how many states have been written; `has_changes` whether something
        is not written yet. A message goes once its result is settled and a state was
        written after that.
        """
        found: list[str] = []
        for name, held in list(self._held.items()):
            if held.settled_at is None and self._is_settled(held.announcement):
                held.settled_at = written
            settled = held.settled_at
            if settled is not None and (not has_changes or written > settled):
                found += held.receipts
                del self._held[name]
        return found
