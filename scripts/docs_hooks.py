"""What MkDocs does with our pages besides turning them into HTML.

Links to files outside docs/ (`../meltano.yml`) work on a code host, not on the site:
there they become the name of the file.
"""

from __future__ import annotations

import re
from typing import Any

_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)#]+)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:  # noqa: ANN401 - MkDocs' own
    """Return the text of a page without links that lead out of the site."""
    depth = page.file.src_uri.count("/")

    def named(match: re.Match[str]) -> str:
        ups = match[0].count("../")
        return match[0] if ups <= depth else match[1]

    return _OUTSIDE.sub(named, markdown)
