"""A mirror that puts in order only who differs finds what one of everybody finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from target_amazon_audience.matching.member import Member, pack
from target_amazon_audience.mirror import blocks, held, staging
from target_amazon_audience.mirror.diff import Difference, DiffQuery
from target_amazon_audience.mirror.held import AgeLimits, HeldMembers
from target_amazon_audience.mirror.staging import Staged
from target_amazon_audience.state.store import AudienceStore

NOWHERE = Path("missing.sqlite3")
AGES = AgeLimits(resend_before=10.0, stuck_before=20.0)
OLD, NEW = 5.0, 30.0
NAMES = st.sampled_from(["a", "b", "\N{GRINNING FACE}"])
ONE, TWO = '{"email":"1"}', '{"email":"2"}'
HASHES = st.sampled_from([ONE, ONE, TWO])
COUNTRIES = st.sampled_from(["US", "US", "US", "DE"])
CONSENTS = st.sampled_from([None, None, None, '{"a":1}'])
Said = tuple[str, str, Any]
RECORD: st.SearchStrategy[Said] = st.tuples(
    st.just("add"), NAMES, st.tuples(HASHES, COUNTRIES, CONSENTS)
)
MARK: st.SearchStrategy[Said] = st.tuples(
    st.sampled_from(["keep", "deny"]), NAMES, st.none()
)
SAID = st.lists(st.one_of(RECORD, RECORD, RECORD, MARK), max_size=6)
DATA = st.lists(HASHES, min_size=1, max_size=2, unique=True)
CLEAN = st.tuples(st.just(NEW), st.just(1), st.just(0), st.none())
DIRTY = st.tuples(
    st.sampled_from([OLD, NEW]),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([0, 1]),
    st.sampled_from([None, 1, 2, 3]),
)
"""When a member was sent, whether confirmed, whether on the way out, in which batch."""
HELD = st.lists(
    st.tuples(NAMES, DATA, COUNTRIES, CONSENTS, st.one_of(CLEAN, CLEAN, DIRTY)),
    min_size=1,
    unique_by=lambda row: row[0],
)
PLAIN: Said = ("add", "a", (ONE, "US", None))
SAME = ("a", [ONE], "US", None, (NEW, 1, 0, None))
"""A record, and the member it makes: just as Amazon holds them."""
QUERIES = {
    DiffQuery.AGAIN: False,
    DiffQuery.GONE: True,
    DiffQuery.CHANGED: True,
    DiffQuery.NEW: False,
}
"""Whether members are asked for as Amazon holds them."""


@contextmanager
def filled(rows: Iterable[Any], said: Iterable[Said]) -> Iterator[tuple[Any, Staged]]:
    """Yield a store with members, whose jobs run, are stuck or have ended."""
    with closing(AudienceStore(NOWHERE, owner="", read_only=True)) as store:
        with store.transaction() as db:
            db.executemany(
                "insert into batches values (?, 7, '', 'CREATE', null, 1, ?, ?, 1, '')",
                [(1, "job", NEW), (2, "stuck", OLD)],
            )
            db.executemany(
                "insert into members values (7, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(name, pack(pii), *of, *how) for name, pii, *of, how in rows],
            )
            db.execute(
                "insert into members values (8, 'z', '[]', 'US', null, 30, 1, 0, 1)"
            )
        staged = Staged(store, 0)
        other = Staged(store, 1)
        for verb, name, more in said:
            if verb == "add":
                member = Member(name, (more[0],), *more[1:])
                staged.add([member])
                other.add([member])
            else:
                (staged.deny if verb == "deny" else staged.keep)(name)
        yield store, staged


def found(rows: Iterable[Any], said: list[Said], *, compares: bool) -> list[object]:
    """Return all that a mirror asks of the difference."""
    with filled(rows, said) as (store, staged):
        members = HeldMembers(store, 7, 0, AGES)
        staged.settle(members if compares else None)
        left_out = staged.cut(1)
        count = staged.count()
        difference = Difference(members)
        return [
            left_out,
            difference.counts(count),
            difference.in_the_way(removes=True),
            difference.in_the_way(removes=False),
            *(
                [
                    member
                    for page in difference.pages(query, held=at_amazon)
                    for member in page
                ]
                for query, at_amazon in QUERIES.items()
            ),
        ]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(  # who is denied after a record that changes nothing
    rows=[SAME], said=[PLAIN, ("deny", "a", None)], size=2, is_wide=True
)
@example(  # whose older record changes nothing
    rows=[SAME], said=[PLAIN, ("add", "a", (TWO, "US", None))], size=1, is_wide=True
)
@example(  # who is the same but for the consent
    rows=[("a", [ONE], "US", "{}", (NEW, 1, 0, None))],
    said=[PLAIN],
    size=1,
    is_wide=True,
)
@given(
    rows=HELD,
    said=SAID,
    size=st.integers(1, 5),
    is_wide=st.sampled_from([True] * 9 + [False]),
)
def test_the_difference_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
    rows: list[Any],
    said: list[Said],
    size: int,
    is_wide: bool,
) -> None:
    monkeypatch.setattr(staging, "IS_WIDE", is_wide)
    for module in (blocks, staging, held):
        monkeypatch.setattr(module, "BLOCK_ROWS", size)
    monkeypatch.setattr(held, "PAGE_ROWS", size)
    whole = found(rows, said, compares=False)
    assert found(rows, said, compares=True) == whole


def test_who_is_the_same_is_not_put_in_order() -> None:
    rows = [
        (f"{n}", ['{"email":"1"}'], "US", None, (NEW, 1, 0, None)) for n in range(99)
    ]
    said = [("add", row[0], (ONE, "US", None)) for row in rows]
    said[9] = ("add", "9", (TWO, "US", None))
    with filled(rows, said) as (store, staged):
        staged.settle(HeldMembers(store, 7, 0, AGES))
        with store.reading() as db:
            names = db.execute("select external_id from temp.staged").fetchall()
        assert names == [("9",)]
        assert staged.count() == len(rows)
