"""States of every kind of partition are written, read and gone on from as they were.

data/cases.json has the steps that lead to each: control calls to an emulator whose
clock moves only when somebody waits, and runs, each from the state of the one before.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import partial
from typing import Any

import pytest

from golden import goldens as g
from golden.goldens import Emulator, Json, check, control, golden
from golden.test_commands import discover

AT_ONCE = {"ready_after_seconds": 0, "sp_orders_per_day": 20, "sp_orders_per_page": 100}


def run(emulator: Emulator, case: Json, state: Json, **changes: Any) -> g.Run:
    settings: Json = {**case["settings"], **changes}
    if case["tap"] == "tap-amazon-sp":
        return g.run_sp(emulator, *case["streams"], state=state, **settings)
    if "time_unit" in settings:  # other catalogs than the helper's
        catalog = discover(case["tap"], time_unit=settings["time_unit"])
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                is_wanted = entry["tap_stream_id"] in case["streams"]
                item["metadata"]["selected"] = is_wanted
        settings["given_catalog"] = catalog
    return g.run_ads(emulator, case["streams"], state=state, **settings)


def asked(emulator: Emulator) -> list[Json]:
    """Return the bodies of all reports ever asked for, and of whom."""
    told = control(emulator, "GET", "/statistics")
    reports = told["creates"] + told["sp_reports"]
    return [{"account": report["account"], **report["body"]} for report in reports]


def steady(value: Json) -> Json:
    """Leave out instants and ages that follow from waits, and the SDK's signpost."""
    names = r'("(?:requested_at|closed_at|replication_key_signpost)": ")'
    text = re.sub(names + r'[^"Z+]*', r"\1", json.dumps(value))
    text = re.sub(r'("ready_ages": \{)[^}]*', r"\1", text)
    return dict(json.loads(text))


def taken(case: Json, stored: Json | None = None) -> Json:
    """Return what a case gives; the runs after it start from the stored state."""
    with Emulator(now=g.NOON, frozen=True, rows_per_day=1, sp_asins=1) as running:
        state: Json = {}
        for word, *arguments in case["steps"]:
            if word == "run":
                state = run(running, case, state, **arguments[0]).state
            else:
                control(running, word, *arguments)
        before = asked(running)
        idle = run(running, case, stored or state, max_runtime_seconds=0)
        assert (idle.code, asked(running)) == (0, before), idle.log
        control(running, "DELETE", "/faults")
        control(running, "POST", "/settings", AT_ONCE)
        control(running, "POST", "/clock/advance", {"seconds": 86400})
        ended = run(running, case, stored or state)
        new = asked(running)[len(before) :]
    return {
        "state": state,
        # what has not changed need not be written
        "state of a run without time": idle.state or stored or state,
        "a day later": {
            "code": ended.code,
            "asked": sorted(new, key=partial(json.dumps, sort_keys=True)),
            "adopted": ended.summary["reports"]["adopted"],
            "rows": Counter(m["stream"] for m in ended.messages if "record" in m),
            "state": ended.state,
            "summary": g.shape(ended.summary),
        },
    }


@pytest.mark.parametrize("name", golden("cases.json"))
def test_state(name: str) -> None:
    expected = golden("states.json")[name]
    check(
        steady(expected), steady(taken(golden("cases.json")[name], expected["state"]))
    )
