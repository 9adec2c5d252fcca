"""Print what the changelog tells of a version; fail where tag, version and changelog disagree.

python .github/release_notes.py v0.2.0
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SECTION = re.compile(
    r"^## \[(?P<version>[^\]]+)\](?P<rest>[^\n]*)\n(?P<text>.*?)(?=^## |\Z)",
    re.MULTILINE | re.DOTALL,
)
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


def notes(tag: str, version: str, changelog: str) -> str:
    """Return the notes of a tag; raises ValueError where there are none, or of another version."""
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and the version {version}: raise __version__ first")
    for section in _SECTION.finditer(changelog):
        if section["version"] == version:
            text = section["text"].strip()
            if not text or not re.fullmatch(r" - \d{4}-\d\d-\d\d", section["rest"]):
                raise ValueError(f"CHANGELOG.md: the section {version} needs a date and lines")
            return f"{text}\n"
    raise ValueError(f"CHANGELOG.md has no section {version}: name it in place of Unreleased")


def main() -> int:
    """Print the notes of the tag that is named; return the exit code."""
    source = (ROOT / "pipeline" / "spack_census" / "__init__.py").read_text(encoding="utf-8")
    (version,) = _VERSION.findall(source)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        sys.stdout.write(notes(sys.argv[1], version, changelog))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
