"""Text from a document as it may stand elsewhere: nothing of it acts there.

On a terminal no control character goes out raw; in Markdown its own characters are escaped; in a
spreadsheet no text is a formula.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    # Controls steer a terminal; the others hide text or turn its direction around.
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_MARKDOWN = re.compile(r"[\\`*\[\]~|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Platforms make links of addresses, of user names and of numbers of issues, escaped or not, but
# not across a comment.
_LINKED = re.compile(
    r"(?i)@(?=[\w\\])|#(?=\d)|\bGH-(?=\d)|\bwww(?=\.)|\b(?:https?|ftp|mailto|xmpp|tel):(?=\S)"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins for one spreadsheet or another, also in full width."""


def visible(text: str) -> str:
    """Return text with each character that could act on a terminal spelled as an escape."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def markdown_text(text: str) -> str:
    """Return text as it stands in Markdown, also in a cell of a table, where none of it acts."""
    escaped = _MARKDOWN.sub(r"\\\g<0>", visible(text)).translate(_HTML)
    return _LINKED.sub(r"\g<0><!-- -->", escaped)


def spreadsheet_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe goes before it.

    Only for files that are made for spreadsheets: it is one character more than the data say.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
