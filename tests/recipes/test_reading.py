"""What a recipe declares, and what only its code would tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.recipes.lineage import Lineage
from spack_census.recipes.names import class_of, package_of
from spack_census.recipes.reading import read
from spack_census.recipes.records import Conditional, Recipe, Reject
from spack_census.spack.versions import version_key
from support.examples import share
from support.recipes_made import BUILD_SYSTEMS, recipe


def found(body: str, base: str = "Package", head: str = "", **files: str) -> Recipe:
    """Return what a recipe with this body declares; `files` lie beside it, path → text."""
    texts = {f"build_systems/{name}.py": text for name, text in BUILD_SYSTEMS.items()}
    texts |= {path.replace("__", "/") + ".py": text for path, text in files.items()}

    def load(path: str) -> bytes | None:
        return texts[path].encode() if path in texts else None

    data = recipe("Zlib", body, base, head).encode()
    path = "packages/zlib/package.py"
    got = read(data, "zlib", path, path, Lineage("builtin", load))
    assert isinstance(got, Recipe), got
    return got


def versions(of: Recipe) -> list[str]:
    return [each.version for each in of.versions]


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "package", "name"),
    [
        ("hdf5", "hdf5", "Hdf5"),
        ("py_numpy", "py-numpy", "PyNumpy"),
        ("_7zip", "7zip", "_7zip"),
        ("_3dtk", "3dtk", "_3dtk"),
        ("_pass", "pass", "Pass"),
        ("_global", "global", "Global"),
        ("r_a3", "r-a3", "RA3"),
        ("none", "none", "_None"),
    ],
)
def test_folders_packages_and_classes_are_named_as_spack_does(
    folder: str, package: str, name: str
) -> None:
    assert package_of(folder, underscores=True) == package
    assert package_of(package, underscores=False) == package
    assert class_of(package) == name


# --- what is read --------------------------------------------------------------------------------


def test_everything_that_is_declared() -> None:
    got = found(
        """
homepage = "https://zlib.net"
maintainers("b", "a")
license("Zlib", checked_by="x")
license("MIT", when="@2:")
version("1.3", sha256="0")
version("1.10", sha256="0", preferred=True)
version("1.2.11", sha256="0", deprecated=True)
version("develop", branch="develop")
variant("shared", default=True)
provides("zlib-api")
provides("a@1", "b", when="+shared")
depends_on("c", type="build")

def install(self, spec, prefix):
    version = Executable("x")
    version("--foo")
"""
    )
    assert versions(got) == ["develop", "1.10", "1.3", "1.2.11"]
    assert [each.version for each in got.versions if each.is_preferred] == ["1.10"]
    assert [each.version for each in got.versions if each.is_deprecated] == ["1.2.11"]
    assert got.versions[1].version_key == version_key("1.10")
    assert got.maintainers == ("a", "b")
    assert got.licenses == (Conditional("MIT", ("@2:",)), Conditional("Zlib", ()))
    assert got.provides == (
        Conditional("a@1", ("+shared",)),
        Conditional("b", ("+shared",)),
        Conditional("zlib-api", ()),
    )
    assert got.build_systems == ("generic",)
    assert (got.num_unread, got.unread) == (0, ())


def test_where_directives_stand_counts() -> None:
    got = found(
        """
with default_args(deprecated=True):
    version("1")
    version("2", deprecated=False)
    with default_args(preferred=True):
        version("3")
with when("@2:"):
    provides("x")
    with when("+y"), default_args(when="~z"):
        provides("v")
        license("MIT")
"""
    )
    assert [(v.version, v.is_deprecated, v.is_preferred) for v in got.versions] == [
        ("3", True, True),
        ("2", False, False),
        ("1", True, False),
    ]
    assert got.provides == (Conditional("v", ("@2:", "+y", "~z")), Conditional("x", ("@2:",)))
    assert got.licenses == (Conditional("MIT", ("@2:", "+y", "~z")),)


@pytest.mark.parametrize(
    "body",
    [
        'for ver in ["1", "2"]:\n    version(ver)',
        '_all = {"1": "a", "2": "b"}\nfor ver, sha in _all.items():\n    version(ver, sha256=sha)',
        'for ver in VERSIONS:\n    version(ver, url=f"https://x/{ver}")',
        'for a in ("0", "1"):\n    for ver in ("1", "2"):\n        pass\n        version(ver)',
        'for old, ver in [(True, "1"), (False, "2")]:\n    version(f"{ver}", deprecated=old)',
        'for n in (1, 2):\n    ver = "" + f"{n}"\n    version(ver=ver)',
        'A = {"x": ["1", "2"]}\nfor ver in A["x"]:\n    version(str(ver), preferred=ver == "2")',
        'for r in [{"v": "1"}, {"v": "2", "o": {"deprecated": True}}]:\n'
        '    version(r["v"], **r.get("o", {}))',
        'with when("@1:"):\n    for ver in A.keys():\n        version(ver)\nA = {"1": 1, "2": 2}',
    ],
)
def test_loops_over_literals_are_read(body: str) -> None:
    got = found(body, head='VERSIONS = ("1", "2")')
    assert versions(got) == ["2", "1"]
    assert got.num_unread == 0


SYSTEMS = "spack_repo.builtin.build_systems"


@pytest.mark.parametrize(
    ("base", "head", "systems", "maintainers"),
    [
        (
            "CMakePackage",
            "from spack_repo.builtin.build_systems.cmake import CMakePackage",
            "cmake",
            "",
        ),
        ("cmake.CMakePackage", f"from {SYSTEMS} import cmake", "cmake", ""),
        ("CMakePackage", "from spack.package import CMakePackage", "cmake", ""),
        ("AutotoolsPackage, CudaPackage", "", "autotools", ""),
        ("Package", f"from {SYSTEMS}.generic import Package", "generic", ""),
        (
            "PythonPackage, CMakePackage",
            f"from {SYSTEMS}.python import PythonPackage",
            "cmake python_pip",
            "snakes",
        ),
    ],
)
def test_build_systems_are_those_of_the_base_classes(
    base: str, head: str, systems: str, maintainers: str
) -> None:
    got = found('version("1")', base, head)
    assert " ".join(got.build_systems) == systems
    assert " ".join(got.maintainers) == maintainers
    assert got.num_unread == 0


def test_a_directive_of_its_own_takes_the_place_of_the_build_systems_of_base_classes() -> None:
    body = 'build_system("meson", conditional("cmake", "scons", when="@2:"), default="meson")'
    assert found(body, "AutotoolsPackage").build_systems == ("cmake", "meson", "scons")


def test_what_base_classes_declare_is_inherited() -> None:
    head = 'class Base(MakefilePackage):\n    version("1", deprecated=True)\n    version("2")\n'
    got = found('version("1")', "Base", head)
    assert [(each.version, each.is_deprecated) for each in got.versions] == [
        ("2", False),
        ("1", False),
    ]
    assert got.build_systems == ("makefile",)
    other = recipe("Ng", 'version("7")\nfor v in x():\n    version(v)')
    head = "from spack_repo.builtin.packages.ng.package import Ng"
    got = found('version("1")', "Ng", head, packages__ng__package=other)
    assert versions(got) == ["7", "1"]
    assert got.unread == ("packages/ng/package.py, line 6: a loop with directives: it is called",)
    # API 1 has other names for the same.
    files = {"packages__ng__package": other}
    assert versions(found("pass", "Ng", "from spack.pkg.builtin.ng import Ng", **files)) == ["7"]


# --- what is not ---------------------------------------------------------------------------------

UNREAD = {
    "condition": 'if sys.platform == "linux":\n    version("9")',
    "otherwise": 'if x:\n    pass\nelse:\n    version("9")',
    "call": "version(newest())",
    "unknown name": "version(VERSION)",
    "changed": 'V = "9"\nV = "8"\nversion(V)',
    "added to": 'V = ["9"]\nV.append("8")\nfor v in V:\n    version(v)',
    "item set": 'V = {"9": 1}\nV["8"] = 1\nfor v in V:\n    version(v)',
    "handed on": 'V = ["9"]\nchange(V)\nfor v in V:\n    version(v)',
    "another name": 'V = ["9"]\nW = V\nW.clear()\nfor v in V:\n    version(v)',
    "condition in a loop": 'for v in ["9"]:\n    if v:\n        version(v)',
    "break": 'for v in ["9", "8"]:\n    version(v)\n    break',
    "else of a loop": 'for v in []:\n    pass\nelse:\n    version("9")',
    "while": 'while True:\n    version("9")',
    "try": 'try:\n    version("9")\nexcept E:\n    pass',
    "comprehension": '[version(v) for v in ["9"]]',
    "context": 'with maybe("x"):\n    version("9")',
    "condition of a context": 'with when(x):\n    version("9")',
    "assigned": 'x = version("9")',
    "own function": "declare()",
    "function of another": "elsewhere()",
    "format": 'version(f"{9:x}")',
    "no text": "version(9.1)",
    "no version": 'version("9/8")',
    "arguments": "version(*x)",
    "circle": "A = B\nB = A\nversion(A)",
    "method": 'version("9")\ndef f(self):\n    del self.versions[0]',
    "base class": "pass",
    "computed base": "pass",
}
BASES = {"base class": "Strange", "computed base": "bases()[0]"}


@pytest.mark.parametrize("kind", UNREAD)
def test_what_code_computes_is_marked_and_never_guessed(kind: str) -> None:
    head = 'from other.place import elsewhere, Strange\ndef declare():\n    version("9")\n'
    got = found(f'version("1")\n{UNREAD[kind]}', BASES.get(kind, "Package"), head)
    assert got.num_unread == 1, got.unread
    assert versions(got) in (["1"], ["9", "1"] if kind == "method" else ["1"])
    assert len(got.unread) == 1
    assert got.unread[0].startswith("line ")


def test_marks_that_are_computed_are_unknown() -> None:
    got = found('version("1", preferred=x)\nversion("2", **y)\nversion("3", deprecated=f())')
    marks = [(each.version, each.is_preferred, each.is_deprecated) for each in got.versions]
    assert marks == [("3", False, None), ("2", None, None), ("1", None, False)]
    assert got.num_unread == 3


def test_a_loop_that_fails_half_way_is_one_that_could_not_be_read() -> None:
    got = found('for v in ["1", "2/3", "4/5"]:\n    version(v)')
    assert (versions(got), got.num_unread) == (["1"], 1)


def test_text_that_no_line_holds_is_not_taken() -> None:
    got = found('license("a\\nb")\nmaintainers("\\ud800")\nprovides("x" * 2)\nlicense("")')
    assert (got.licenses, got.maintainers, got.provides) == ((), (), ())
    assert got.num_unread == 4


def test_lists_of_maintainers_as_they_were_written_before() -> None:
    assert found('maintainers = ["b", "a"]').maintainers == ("a", "b")
    assert found("maintainers = names()").num_unread == 1


def test_a_recipe_without_its_class_is_none() -> None:
    path = "packages/zlib/package.py"
    data = recipe("ZLib", 'version("1")').encode()
    got = read(data, "zlib", path, path, Lineage("builtin", lambda _path: None))
    assert isinstance(got, Reject)
    assert (got.reason, got.message) == (
        "no-class",
        "it has no class Zlib, as the package's would be",
    )


# --- against Python itself -----------------------------------------------------------------------

TEXTS = st.sampled_from(["1", "2.0", "3.1a", "develop"])
LITERALS = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


def run(body: str) -> tuple[set[str], bool]:
    """Execute the body of a class with a directive that notes versions; tell whether it failed."""
    noted: set[str] = set()

    def version(text: object, **_others: object) -> None:
        assert isinstance(text, str)
        version_key(text)
        noted.add(text)

    try:
        exec(f"class A:\n    pass\n    {body}", {"version": version})  # noqa: S102 - of this test
    except Exception:
        return noted, True
    return noted, False


@given(
    LITERALS,
    st.sampled_from(
        [
            "for v in {}: version(v)",
            "for v in {}.items(): version(v[0])",
            "for k, v in {}.items(): version(k + v)",
            "for v in {}: version(f'{{v}}')",
            "for v in {}.values(): version(str(v))",
            "version({}[0])",
            "version({}['1'])",
            "version({}.get('1', '7'))",
            "version({})",
            "for v in {}:\n        w = v + v\n        version(w)",
            "for v in {}:\n        for w in v: version(w)",
        ]
    ),
)
@share(1)
def test_what_is_read_whole_is_what_running_it_declares(literal: object, form: str) -> None:
    body = form.format(repr(literal))
    got = found(body.replace("\n    ", "\n"))
    declared, failed = run(body)
    if got.num_unread == 0 and not failed:
        assert set(versions(got)) == declared
    # What is unread is not guessed: whatever is read is declared.
    if not failed:
        assert set(versions(got)) <= declared
