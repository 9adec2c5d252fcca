"""A function → a command: its parameters are the options, its docstring is the help.

What a parameter is called and what it says stands beside its type: `Annotated[Path, Option(…)]`.
A command that is asked for nothing but its help imports no data engine, and no module of another.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import click

from spack_census.errors import ParameterError

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_PANEL = "Options"
_RANGES: dict[type, Callable[..., click.ParamType[Any]]] = {
    int: click.IntRange,
    float: click.FloatRange,
}
_EXAMPLE = "Example: "
_AS_IT_IS = "\b\n"
"""Before a paragraph: click breaks none of its lines, for whoever copies one wants it whole."""


class Argument(NamedTuple):
    """A word of a command line that has no name there."""

    metavar: str
    help: str
    complete: Callable[[click.Context, click.Parameter, str], list[str]] | None = None
    """What a shell can put there of what was begun."""


class Option:
    """A word of a command line with a name, and a value after it unless it is a flag."""

    def __init__(
        self,
        *names: str,
        help: str,  # noqa: A002 - what everyone calls it
        panel: str = _PANEL,
        min: float | None = None,  # noqa: A002
        max: float | None = None,  # noqa: A002
        **settings: Any,
    ) -> None:
        """Keep what `click.Option` takes, the least and most of a number, and a heading."""
        self.names = names
        self.panel = panel
        self.bounds = {"min": min, "max": max}
        self.settings = {"show_default": True, "show_envvar": True, **settings, "help": help}


class _Members(click.Choice[Enum]):
    """The values of an enumeration, not the names that Python gives them."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:  # noqa: ARG002
        return str(choice)


class _Place(click.Path):
    """A path that only the command looks at."""

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        if "\0" in str(value):
            self.fail("no path holds a NUL", param, ctx)
        return Path(value)


class _Parameter(click.Option):
    panel = _PANEL


class _Command(click.Command):
    """A command that takes each option once: the parser alone would let the last one win."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        options = [each for each in order if isinstance(each, click.Option)]
        for parameter, count in Counter(options).items():
            if count > 1 and not parameter.multiple and not parameter.is_flag:
                message = f"{parameter.opts[0]} is given {count} times"
                raise ParameterError(message, "give it once")
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and not isinstance(parameter, click.Argument):
                panels.setdefault(getattr(parameter, "panel", _PANEL), []).append(record)
        for panel, records in panels.items():
            with formatter.section(panel):
                formatter.write_dl(records)


class Commands(click.Group):
    """Commands in groups, of which only the one that is called is imported."""

    def __init__(
        self, package: str, groups: Mapping[str, Mapping[str, tuple[str, str]]], **settings: Any
    ) -> None:
        """Keep group → command → (module below `package` that has it, what it is for)."""
        super().__init__(**settings, context_settings=_SETTINGS)
        self.groups = groups
        self._package = package

    def list_commands(self, ctx: click.Context | None = None) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, group by group."""
        return [name for group in self.groups.values() for name in group]

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, None where there is none of this name."""
        for group in self.groups.values():
            if cmd_name in group:
                module = import_module(f"{self._package}.{group[cmd_name][0]}")
                return command(cmd_name, getattr(module, cmd_name))
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write each group under its heading."""
        widest = max(map(len, self.list_commands()))
        for title, group in self.groups.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{name:<{widest}}", told) for name, (_, told) in group.items()]
                )


def command(name: str, function: Callable[..., int | None]) -> click.Command:
    """Return the command that calls a function, whose result is the exit code or None."""
    told = inspect.cleandoc(function.__doc__ or "")
    hints = get_type_hints(function, include_extras=True)
    return _Command(
        name,
        callback=function,
        params=[
            _parameter(each, hints[each.name])
            for each in inspect.signature(function).parameters.values()
        ],
        help=told.replace(f"\n{_EXAMPLE}", f"\n{_AS_IT_IS}{_EXAMPLE}"),
        context_settings=_SETTINGS,
    )


def _parameter(parameter: inspect.Parameter, hint: Any) -> click.Parameter:
    """Return what click takes for a parameter that is annotated as an option or argument."""
    assert get_origin(hint) is Annotated
    type_, declared = get_args(hint)
    # `T | None` is an option that need not be there, and has no default of its own.
    type_ = next((each for each in get_args(type_) if get_origin(type_) is not list), type_)
    several = get_origin(type_) is list
    if several:
        (type_,) = get_args(type_)
    settings: dict[str, Any] = {"callback": _listed} if several else {}
    needed = parameter.default is inspect.Parameter.empty
    if not needed:
        settings["default"] = _written(parameter.default)
    if isinstance(declared, Argument):
        metavar = f"{declared.metavar}..." if several else declared.metavar
        return click.Argument(
            [parameter.name],
            type=_type(type_, {}),
            required=needed,
            nargs=-1 if several else 1,
            metavar=metavar if needed else f"[{metavar}]",
            help=declared.help,
            shell_complete=declared.complete,
            **settings,
        )
    assert isinstance(declared, Option)
    if type_ is bool:
        settings["is_flag"] = True
    else:
        settings |= {"type": _type(type_, declared.bounds), "multiple": several}
    found = _Parameter([*declared.names, parameter.name], **settings, **declared.settings)
    found.panel = declared.panel
    return found


def _written(default: Any) -> Any:
    # Help would show the name that Python gives it.
    return str(default) if isinstance(default, Enum) else default


def _type(type_: Any, bounds: Mapping[str, float | None]) -> click.ParamType[Any]:
    if type_ is Path:
        return _Place()
    if issubclass(type_, Enum):
        return _Members(type_)
    if any(value is not None for value in bounds.values()):
        return _RANGES[type_](**bounds)
    found: click.ParamType[Any] = click.types.convert_type(type_)
    return found


def _listed(_ctx: click.Context, _parameter: click.Parameter, value: Any) -> list[Any] | None:
    return list(value) or None
