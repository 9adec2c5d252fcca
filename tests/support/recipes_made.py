"""Package repositories that tests make, of either API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

V1 = "var/spack/repos/builtin"
V2 = "repos/spack_repo/builtin"
BUILD_SYSTEMS = {
    "generic": "from spack.package import GenericBuilder, Package\n",
    "cmake": 'class CMakePackage(PackageBase):\n    build_system("cmake")\n',
    "python": (
        "class PythonExtension(PackageBase):\n"
        '    maintainers("snakes")\n\n\n'
        "class PythonPackage(PythonExtension):\n"
        '    build_system("python_pip")\n'
    ),
}


def write_repository(
    root: Path,
    recipes: Mapping[str, str],
    *,
    at: str = V2,
    namespace: str = "builtin",
    api: str | None = "v2.2",
) -> Path:
    """Write recipes, folder → text, as a package repository below `root`; return `root`."""
    place = root / at
    for folder, text in recipes.items():
        path = place / "packages" / folder / "package.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    written = f"  api: {api}\n" if api else ""
    (place / "packages").mkdir(parents=True, exist_ok=True)
    (place / "repo.yaml").write_text(f"repo:\n  namespace: {namespace}\n{written}")
    if api and api.startswith("v2"):
        for name, text in BUILD_SYSTEMS.items():
            path = place / "build_systems" / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return root


def recipe(name: str, body: str, base: str = "Package", head: str = "") -> str:
    """Return the text of a recipe whose class has this name, base and body, a line each."""
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return f"from spack.package import *\n{head}\n\nclass {name}({base}):\n{lines or '    pass'}"
