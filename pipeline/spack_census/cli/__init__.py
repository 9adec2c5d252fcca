"""The command line. Its parts are imported within `main`: Ctrl-C may come while they are."""

from __future__ import annotations

import sys

_INTERRUPTED = 130
"""As shells have it: 128 and the number of the signal."""


def main(argv: list[str] | None = None) -> int:
    """Run the command that the arguments name; return its exit code and print any error."""
    try:
        from spack_census.cli import line

        return line.run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        told = "interrupted: nothing more was published; what was there before is as it was"
        print(f"census: {told}", file=sys.stderr)
        return _INTERRUPTED


def entry_point() -> None:
    """Run `census` as a program."""
    sys.exit(main())
