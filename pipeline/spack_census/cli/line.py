"""One line of the command: parse, call, print; the only place that catches CensusError."""

from __future__ import annotations

import os
import sys

import click

from spack_census.cli.app import app
from spack_census.cli.completion import VARIABLE
from spack_census.cli.options import ExitCode
from spack_census.errors import CensusError, fault


def run(arguments: list[str]) -> int:
    """Run the command that the arguments name; return its exit code and print any error.

    Raises KeyboardInterrupt, which click makes an Abort of.
    """
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    try:
        result = app(args=arguments or ["--help"], prog_name="census", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        step = f"see: census {_command(arguments)}--help"
        return _trouble(CensusError(error.format_message(), step))
    except CensusError as error:
        if debug:
            raise
        return _trouble(error)
    except click.Abort:
        raise KeyboardInterrupt from None
    except (BrokenPipeError, SystemExit) as end:
        # The reader of a pipe has seen enough, as `head` does. Click and Rich make SystemExit(1)
        # of it, which would mean "different" here; a shell that completes is told in that way too.
        if isinstance(end, SystemExit) and VARIABLE in os.environ:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:
        if debug:
            raise
        return _trouble(fault(error))
    return result if isinstance(result, int) else ExitCode.OK


def _command(arguments: list[str]) -> str:
    known = arguments and arguments[0] in app.list_commands()
    return f"{arguments[0]} " if known else ""


def _trouble(error: CensusError) -> int:
    from spack_census.ask.escaping import visible

    # Names of files and snapshots stand in messages, and could steer the terminal.
    lines = f"census: {error}".split("\n")
    print("\n".join(map(visible, lines)), file=sys.stderr)
    return ExitCode.TROUBLE
