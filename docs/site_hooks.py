"""What the docs site has beside its pages: the README as home, links into the repository.

mkdocs calls it (`hooks:` in mkdocs.yml). CENSUS_REPOSITORY is the repository's address; without it
such a link is plain text.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
REPOSITORY = os.environ.get("CENSUS_REPOSITORY", "")
_LINK = re.compile(r"(?<!!)\[([^\]\[]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the README as the page that comes first."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=re.sub(r"\]\(docs/", "](", text)))
    return files


def on_page_markdown(markdown: str, page: Any, files: Any, **_: Any) -> str:
    """Lead links to what is no page of the site to the repository."""
    source = page.file.src_uri
    home = "" if source == "index.md" else "docs"

    def led(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2]))
        inside = posixpath.normpath(posixpath.join(home, target))
        # What is nowhere stays as it is, for mkdocs to complain of.
        if files.get_file_from_path(target) is not None or not (ROOT / inside).exists():
            return match[0]
        address = f"{REPOSITORY}/blob/HEAD/{inside}"
        return f"[{match[1]}]({address})" if REPOSITORY else match[1]

    return _LINK.sub(led, markdown)
