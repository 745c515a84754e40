"""The table of waits and attempts is the one the code has."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_is_what_the_code_would_write_now() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "retry_policy_table.py"))
    page = (ROOT / "docs" / "how-reports-run.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("<!-- retry policy -->\n")
    assert rest.partition("<!-- end -->")[0] == made["retry_policy_table"]() + "\n"
