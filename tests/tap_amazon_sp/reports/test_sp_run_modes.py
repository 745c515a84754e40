"""Ask, leave, come back: a run that asks reads endpoints too, others only collect."""

from __future__ import annotations

from typing import Any

from amazon_emulator import Emulator
from support.sp.runs import NOON, SALES, asked, pending, run

STREAMS = (SALES, "orders")
DAYS: dict[str, Any] = {"start_date": "2026-11-14"}


def test_asked_now_and_collected_later_is_what_one_run_brings(
    emulator: Emulator,
) -> None:
    whole = run(emulator, *STREAMS, **DAYS)
    emulator.client.reset()
    emulator.client.set_now(NOON, frozen=True)

    first = run(emulator, *STREAMS, run_mode="ask", **DAYS)

    assert (first.code, first.summary["result"]) == (0, "waiting")
    assert first.summary["next_look_at"] is not None
    assert first.rows(SALES) == []
    before = asked(emulator)
    assert len(pending(first.state)) == len(before) > 0
    second = run(emulator, *STREAMS, run_mode="collect", state=first.state, **DAYS)
    assert (second.code, second.summary["result"]) == (0, "complete")
    assert second.summary["next_look_at"] is None
    assert asked(emulator) == before
    for name, ran in ((SALES, second), ("orders", first)):
        assert sorted(map(str, ran.rows(name))) == sorted(map(str, whole.rows(name)))
    assert second.rows("orders") == []
    assert second.partitions(SALES) == whole.partitions(SALES)
