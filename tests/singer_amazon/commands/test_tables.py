"""Tables on terminals of any width: nothing is cut off, no word is torn apart."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from singer_amazon.commands.tables import Row, _show_on_terminal

WORDS = st.text("abcdefgh_0123456789", min_size=1, max_size=30)
SENTENCES = st.lists(WORDS, min_size=3, max_size=20).map(" ".join)


def shown(rows: list[Row], width: int) -> str:
    output = io.StringIO()
    _show_on_terminal(rows, Console(file=output, width=width, color_system=None))
    return output.getvalue()


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "stream": WORDS,
                "account": WORDS,
                "number": st.integers(0, 10**6),
                "empty": st.just(""),
                "why": SENTENCES,
            }
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(60, 200),
)
def test_every_word_is_there_whole(rows: list[Row], width: int) -> None:
    text = shown(rows, width)
    assert "…" not in text
    assert "empty" not in text  # a column without values is left out
    assert max(map(cell_len, text.splitlines())) <= width
    words = set(text.replace("│", " ").split())
    for row in rows:
        for value in row.values():
            assert set(str(value).split()) <= words


@pytest.mark.parametrize(("width", "is_table"), [(80, False), (160, True)])
def test_a_narrow_terminal_has_a_block_per_row(width: int, is_table: bool) -> None:
    row = {"stream": "s" * 40, "account": "a" * 36, "window": "w" * 22, "columns": 4}
    text = shown([row], width)
    assert ("│" in text) is is_table
    assert ("window: www" in text) is not is_table
