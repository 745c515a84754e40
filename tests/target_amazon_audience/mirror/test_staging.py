"""What an input says of a person, whatever comes in which order."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from target_amazon_audience.matching.member import Member, merged, pack
from target_amazon_audience.mirror.staging import Staged, StagedStatus
from target_amazon_audience.state.store import AudienceStore

NOWHERE = Path("missing.sqlite3")
Row = tuple[str | None, str | None, int]
Said = tuple[str, str, str]
"""What is said of whom; a record has one hash for each country."""

SAID = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "keep", "deny"]),
        st.sampled_from("abc"),
        st.sampled_from(["US", "DE"]),
    )
)


def expected(said: Iterable[Said], *, merges: bool) -> dict[str, Row]:
    """Take one after the other, as a table by person would."""
    known: dict[str, Member] = {}
    found: dict[str, Row] = {}
    for verb, name, country in said:
        if verb == "add":
            new = Member(name, (f'{{"email":"{country}"}}',), country)
            is_first = name not in known or not merges
            known[name] = new if is_first else merged(known[name], new)
            pii = pack(known[name].pii)
            found[name] = (pii, country, StagedStatus.PRESENT.value)
        elif verb == "deny":
            known.pop(name, None)
            found[name] = (None, None, StagedStatus.DENIED.value)
        else:
            found.setdefault(name, (None, None, StagedStatus.KEPT.value))
    return found


def staged(said: Iterable[Said], *, merges: bool) -> dict[str, Row]:
    with closing(AudienceStore(NOWHERE, owner="", read_only=True)) as store:
        other = Staged(store, 1)
        other.add([Member("a", ('{"email":"other"}',), "FR")])
        table = Staged(store, 0, merges=merges)
        for verb, name, country in said:
            if verb == "add":
                table.add([Member(name, (f'{{"email":"{country}"}}',), country)])
            else:
                (table.deny if verb == "deny" else table.keep)(name)
        table.settle()
        table.settle()
        with store.reading() as db:
            rows = db.execute(
                "select external_id, pii, country, status from temp.staged"
                " where sink = 0"
            ).fetchall()
        other.settle()
        assert other.count() == 1
    return {name: (pii, country, status) for name, pii, country, status in rows}


@given(said=SAID, merges=st.booleans())
def test_the_newest_record_counts(said: list[Said], merges: bool) -> None:
    assert staged(said, merges=merges) == expected(said, merges=merges)
