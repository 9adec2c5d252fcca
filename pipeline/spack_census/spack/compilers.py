"""What Spack knows of compilers: their names before and since 1.0, their languages and flags.

The one table of names: `lib/spack/spack/aliases.py` of Spack ≥ 1.0, whose misspelt name of the
classic Intel compilers is written here as their package is.
"""

from __future__ import annotations

_PACKAGES = {
    "arm": "acfl",
    "clang": "llvm",
    "intel": "intel-oneapi-compilers-classic",
    "oneapi": "intel-oneapi-compilers",
    "rocmcc": "llvm-amdgpu",
}
RENAMED = frozenset(_PACKAGES.values())
"""The compilers that had another name until Spack 1.0 made them packages, as named since."""

_NEVER_RENAMED = frozenset(
    (
        "aocc",
        "apple-clang",
        "cce",
        "dpcpp",
        "fj",
        "gcc",
        "msvc",
        "nag",
        "nvhpc",
        "pgi",
        "xl",
        "xl_r",
    )
)
COMPILERS = _NEVER_RENAMED | RENAMED | _PACKAGES.keys()
"""The names of all compilers that Spack knows, before and since 1.0."""

LANGUAGES = ("c", "cxx", "fortran")
"""The virtuals that compilers provide since Spack 1.0; what provides the first is the compiler."""

FLAGS = frozenset(("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"))
"""The compiler flags that a spec may have among its variants, which are none."""


def canonical(name: str) -> str:
    """Return a compiler's name since Spack 1.0: `clang` and `llvm` are both `llvm`."""
    return _PACKAGES.get(name, name)


def written(name: str) -> tuple[str, ...]:
    """Return all names that a compiler has had, sorted."""
    one = canonical(name)
    return tuple(sorted({one, *(old for old, new in _PACKAGES.items() if new == one)}))


def noted(annotation: str | None) -> str | None:
    """Return the compiler that Spack noted on a spec of older times, None where it noted none.

    Spack writes the text "None" there for a spec that was built without a compiler.
    """
    return annotation if annotation and annotation != "None" else None
