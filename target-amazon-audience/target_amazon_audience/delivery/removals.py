"""Records of people to be removed: with all that Amazon may hold of them.

An API may ignore the removal of somebody without a consent signal that says GRANTED,
in silence: such a record is refused here instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_amazon_audience.matching.consent import is_granted
from target_amazon_audience.matching.member import Member, Reason, Refusal

if TYPE_CHECKING:
    from target_amazon_audience.state.members import Members
    from target_amazon_audience.state.store import AudienceStore


@dataclass(frozen=True, slots=True)
class Removals:
    """Completes what records of deleted people come to.

    ``members`` is what is known of them, if any.
    """

    store: AudienceStore
    members: Members | None
    country: str
    needs_grant: bool
    """Whether the API ignores removals without a consent signal."""

    def removal(self, read: Member | Refusal) -> Member | Refusal:
        """Return whom a record removes, or why it removes nobody."""
        found = self._with_held(read)
        if isinstance(found, Refusal) or not self.needs_grant:
            return found
        if is_granted(found.consent):
            return found
        return Refusal(Reason.NO_GRANT, None, found.external_id)

    def _with_held(self, found: Member | Refusal) -> Member | Refusal:
        """Add what a mirror has created of a person, so that it goes too.

        A record that has an id and nothing else is deleted by what the mirror holds.
        """
        if self.members is None or found.external_id is None:
            return found
        member = found
        if isinstance(member, Refusal):
            member = Member(found.external_id, (), self.country)
        with self.store.reading():  # damaged data are the database's fault
            held = self.members.with_held(member, keeps_consent=self.needs_grant)
        return held if held.pii else found
