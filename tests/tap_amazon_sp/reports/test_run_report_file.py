"""`run_report_path` of tap-amazon-sp: two streams that read one document."""

from __future__ import annotations

import json
import re
from pathlib import Path

from amazon_emulator import Emulator
from support.sp.runs import run


def test_streams_of_one_document_have_a_line_each(
    emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "run.html"
    streams = ("vendor_sales_aggregate", "vendor_sales_by_asin")
    ran = run(emulator, *streams, run_report_path=str(path))
    text = path.read_text()
    found = re.search(r'id="data">(.+?)</script>', text)
    assert found
    page = json.loads(found[1])
    field = page["fields"].index
    reports = page["reports"]
    assert {page["words"][r[field("stream")]] for r in reports} == set(streams)
    by_id: dict[str, int] = {}
    for report in reports:
        by_id[report[field("id")]] = by_id.get(report[field("id")], 0) + 1
    assert set(by_id.values()) == {2}
    assert sum(r[field("rows")] for r in reports) == len(ran.rows())
    assert "Atzr|" not in text
