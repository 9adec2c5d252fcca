"""Text in the width of a terminal, which counts cells: a character may take two, or none."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def wrapped(text: str, width: int) -> list[str]:
    """Return text in lines no wider than this, broken at spaces; what has none is cut at the end.

    A width counts cells of a terminal, of which a character may take two, or none.
    """
    lines: list[str] = []
    for word in text.split(" "):
        if lines and cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [cut(line, width) for line in lines]


def cut(text: str, width: int) -> str:
    """Return text in this width, with an ellipsis where something is left out."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, max(width - 1, 0)).rstrip()}…"
