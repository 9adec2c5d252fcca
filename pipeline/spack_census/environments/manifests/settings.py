"""`packages:`, `concretizer:` and `develop:` of a configuration → Settings.

A requirement binds; what Spack merely prefers (`prefer`, `version`, `variants`, `target`,
`compiler`) does not, as it takes a binary that is there before it builds one that it would like
better. See "Package Settings" of Spack's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from spack_census.environments.manifests.model import Package, Policy, Rule, Settings
from spack_census.spack.grammar import Toolchains

_DOUBT = "is written in a way that is not known here"


def settings(configuration: Mapping[Any, Any]) -> Settings:
    """Return what a merged configuration sets; what cannot be read becomes a rule with a doubt."""
    packages = configuration.get("packages")
    named = toolchains(configuration)
    found = {}
    for name, value in (packages if isinstance(packages, dict) else {}).items():
        if isinstance(value, dict):
            found[str(name)] = _with_toolchains(_package(str(name), value), named)
    concretizer = configuration.get("concretizer")
    reuse = concretizer.get("reuse", True) if isinstance(concretizer, dict) else True
    reuses = reuse is not False and reuse != "dependencies"
    return Settings(found, reuses, _developed(configuration), named)


def toolchains(configuration: Mapping[Any, Any]) -> Toolchains:
    """Return the toolchains that a merged configuration defines.

    One that cannot be read has an entry without a spec, so that no constraint with it is answered.
    """
    section = configuration.get("toolchains")
    found: dict[str, str | list[dict[str, str]]] = {}
    for name, value in (section if isinstance(section, dict) else {}).items():
        if isinstance(value, str):
            found[str(name)] = value
        else:
            found[str(name)] = [
                {str(key): str(text) for key, text in each.items()}
                if isinstance(each, dict)
                else {}
                for each in (value if isinstance(value, list) else [{}])
            ]
    return found


def _with_toolchains(package: Package, named: Toolchains) -> Package:
    return replace(
        package,
        rules=tuple(replace(rule, toolchains=named) for rule in package.rules),
        preferences=tuple(replace(rule, toolchains=named) for rule in package.preferences),
    )


def _package(name: str, value: Mapping[Any, Any]) -> Package:
    buildable = value.get("buildable")
    externals = value.get("externals")
    return Package(
        rules=(
            *_required(f"packages:{name}:require", value.get("require")),
            *_single(f"packages:{name}:conflict", "none_of", value.get("conflict")),
        ),
        preferences=(
            *_single(f"packages:{name}:prefer", "any_of", value.get("prefer")),
            *_preferred(name, value),
        ),
        buildable=buildable if isinstance(buildable, bool) else None,
        externals=tuple(
            str(each["spec"])
            for each in (externals if isinstance(externals, list) else [])
            if isinstance(each, dict) and "spec" in each
        ),
    )


def _required(place: str, value: Any) -> Iterator[Rule]:
    for each in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(each, str):
            yield Rule(place, "any_of", (each,))
        elif isinstance(each, dict):
            yield from _group(place, each)
        else:
            yield Rule(place, "any_of", (str(each),), doubt=_DOUBT)


def _group(place: str, group: Mapping[Any, Any]) -> Iterator[Rule]:
    when = None if group.get("when") is None else str(group["when"])
    policies: tuple[tuple[str, Policy], ...] = (
        *(("spec", "any_of"), ("any_of", "any_of"), ("one_of", "one_of")),
    )
    for key, policy in policies:
        if key in group:
            texts = group[key] if isinstance(group[key], list) else [group[key]]
            doubt = None if all(isinstance(text, str) for text in texts) and texts else _DOUBT
            yield Rule(place, policy, tuple(map(str, texts)) or ("",), when, doubt)
    if not group.keys() & {"spec", "any_of", "one_of"}:
        yield Rule(place, "any_of", (str(dict(group)),), when, _DOUBT)


def _single(place: str, policy: Policy, value: Any) -> Iterator[Rule]:
    for each in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(each, dict):
            when = None if each.get("when") is None else str(each["when"])
            yield Rule(place, policy, (str(each.get("spec", "")),), when)
        else:
            yield Rule(place, policy, (str(each),))


def _preferred(name: str, value: Mapping[Any, Any]) -> Iterator[Rule]:
    """Yield a rule for each preference; of several versions or targets any one is preferred."""
    for key, spelled in (("version", "@{}"), ("target", "target={}"), ("compiler", "%{}")):
        each = value.get(key)
        if each is not None and each != []:
            listed = each if isinstance(each, list) else [each]
            texts = tuple(spelled.format(str(one).lstrip("%@")) for one in listed)
            yield Rule(f"packages:{name}:{key}", "any_of", texts)
    variants = value.get("variants")
    if variants:
        text = " ".join(map(str, variants)) if isinstance(variants, list) else str(variants)
        yield Rule(f"packages:{name}:variants", "any_of", (text,))


def _developed(configuration: Mapping[Any, Any]) -> dict[str, str]:
    develop = configuration.get("develop")
    return {
        str(name): str((value if isinstance(value, dict) else {}).get("path", name))
        for name, value in (develop if isinstance(develop, dict) else {}).items()
    }
