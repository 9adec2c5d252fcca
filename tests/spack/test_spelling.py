"""One spelling for all: spellings that mean the same agree, and what means nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spack_census.spack import spelling

HASH = "7ttzw77b73r2s572dpko7pm6tidmfhau"
NAME = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,6}", fullmatch=True)
VALUE = st.text("ab0,.:='\"\\ +~-/é", max_size=10)
SETTING = st.builds("{}{}{}".format, NAME, st.sampled_from(["=", ":=", "==", ":=="]), VALUE)
SWITCH = st.builds("{}{}".format, st.sampled_from(["+", "~", "-", "++", "~~", "--"]), NAME)
PATCHES = st.lists(st.text("0123456789abcdef\"'", max_size=12), min_size=1, max_size=3).map(
    lambda hashes: "patches:=" + ",".join(hashes)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", (None, None)),
        ("gcc@=13.2.0", ("gcc", "13.2.0")),
        ("gcc@13.2.0", ("gcc", "13.2.0")),
        (f"gcc@13.2.0/{HASH}", ("gcc", "13.2.0")),
        (f"gcc@=13.2.0/{HASH}", ("gcc", "13.2.0")),
        ("gcc@13.2.0/7ttzw77", ("gcc", "13.2.0")),
        ("intel-oneapi-compilers@2025.1.0", ("intel-oneapi-compilers", "2025.1.0")),
        ("apple-clang@=15.0.0", ("apple-clang", "15.0.0")),
        ("gcc@4.8.5-ubuntu", ("gcc", "4.8.5-ubuntu")),
        ("llvm@develop", ("llvm", "develop")),
        ("llvm@git.release/18.x=18.1", ("llvm", "git.release/18.x=18.1")),
        (f"llvm@=git.release/18.x=18.1/{HASH}", ("llvm", "git.release/18.x=18.1")),
        ("llvm@git.release/18", ("llvm", "git.release/18")),
        ("gcc", ("gcc", None)),
        (f"gcc/{HASH}", ("gcc", None)),
    ],
)
def test_a_compiler_has_one_spelling(text: str, expected: tuple[str | None, str | None]) -> None:
    assert spelling.compiler(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "@",
        "@1",
        "@=1",
        "gcc@",
        "gcc@=",
        "gcc 11.4.0",
        "gcc@11.4.0@12",
        "gcc@11.4 ",
        "%gcc@1",
        "gcc@1:2",
        "gcc@1,2",
        "gcc@13.2.0/../x",
        "gcc@13.2.0\n",
        "/" + HASH,
        "gcc@==1",
        "größe@1",
    ],
)
def test_what_is_no_compiler_raises(text: str) -> None:
    with pytest.raises(ValueError, match="is no "):
        spelling.compiler(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+mpi", "+mpi"),
        ("~cuda-uvm", "~cuda-uvm"),
        ("-cuda-uvm", "~cuda-uvm"),
        ("++mpi", "+mpi"),
        ("~~mpi", "~mpi"),
        ("--mpi", "~mpi"),
        ("build_system=cmake", "build_system=cmake"),
        ("build_system:=cmake", "build_system=cmake"),
        ("build_type==Release", "build_type=Release"),
        ("fabrics:==b,a", "fabrics=a,b"),
        ("compiler-rt=runtime", "compiler-rt=runtime"),
        ("fabrics:=udp,rxm,tcp", "fabrics=rxm,tcp,udp"),
        ("cuda_arch=90,100,80", "cuda_arch=100,80,90"),
        ("cache_base=/dev/shm", "cache_base=/dev/shm"),
        ("größe=7 µm", "größe=7 µm"),
        ("prefix=", "prefix="),
        ("args:=a\nb", "args=a\nb"),
        # Only the first mark parts the name from the value.
        ("args=x:=y", "args=x:=y"),
        ("args:=-DX=1", "args=-DX=1"),
        ("args=a=c,a=b", "args=a=b,a=c"),
        # A comma inside quotes parts nothing; a quote that never ends holds nothing together.
        ('args="b,a"', 'args="b,a"'),
        ('args=0,"b,a"', 'args="b,a",0'),
        ("args:=z,\"b,a\",'d,c'", "args=\"b,a\",'d,c',z"),
        (r'args=z,"b\",a"', r'args="b\",a",z'),
        ("args=don't,can", "args=don't,can"),
        ("patches:=7a9a4f1a30c0e3b4,35aed01", "patches=35aed01,7a9a4f1"),
    ],
)
def test_a_variant_has_one_spelling(text: str, expected: str) -> None:
    assert spelling.variants([text]) == (expected,)


def test_variants_are_sorted_and_stand_once() -> None:
    values = ["~x", "k:=b,a", "+b", "k=a,b", "+a", "+b"]
    assert spelling.variants(values) == ("+a", "+b", "k=a,b", "~x")
    assert spelling.variants([]) == ()


@pytest.mark.parametrize("flags", ["cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"])
def test_compiler_flags_are_no_variants(flags: str) -> None:
    values = [f"{flags}=-O2 -g", f"{flags}:=-O2,-g", f'{flags}=="-O2 -g"', f"my{flags}=1"]
    assert spelling.variants(values) == (f"my{flags}=1",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "~",
        "-",
        "=",
        "=v",
        ":=v",
        "name",
        "+a b",
        "+a\n",
        "+-a",
        "+~a",
        "+++a",
        "+a=b",
        "-a=b",
        "k:",
        "k::=v",
        "k =v",
        " k=v",
        "a,b=c",
        '"k=v"',
    ],
)
def test_what_is_no_variant_raises_and_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no variant") as caught:
        spelling.variants(["+mpi", text])
    assert repr(text) in str(caught.value)


@given(values=st.lists(SETTING | SWITCH | PATCHES, max_size=6))
@example(values=["k===v"])
@example(values=['patches=b,"abcdefgh,x"'])
@example(values=["k=b',a,'"])
@example(values=["k=a,=", "l=a,==b"])
def test_normalising_twice_is_normalising_once(values: list[str]) -> None:
    once = spelling.variants(values)
    assert spelling.variants(once) == once


@given(values=st.lists(SETTING | SWITCH | PATCHES, max_size=6), data=st.data())
def test_the_order_of_variants_does_not_matter(values: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(values))
    assert spelling.variants(shuffled) == spelling.variants(values)


@given(elements=st.lists(st.text("abc01._", max_size=4), min_size=1, max_size=4), data=st.data())
def test_the_order_of_an_arrays_values_does_not_matter(
    elements: list[str], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(elements))
    assert spelling.variants([f"k={','.join(shuffled)}"]) == spelling.variants(
        [f"k:={','.join(elements)}"]
    )


@given(name=NAME, value=VALUE)
def test_both_marks_of_a_value_agree(name: str, value: str) -> None:
    assert spelling.variants([f"{name}:={value}"]) == spelling.variants([f"{name}={value}"])


def test_stacks_are_sorted_and_stand_once() -> None:
    assert spelling.stacks(["root", "e4s", "root", "E4S"]) == ("E4S", "e4s", "root")
    assert spelling.stacks([]) == ()


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_a_stack_without_a_name_raises(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a stack"):
        spelling.stacks(["e4s", name])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("-", None),
        (0, 0),
        (4096, 4096),
        (4096.0, 4096),
        ("4096", 4096),
        (" 7 B ", 7),
        ("33B", 33),
        ("3 kB", 3_000),
        ("512 KB", 512_000),
        ("12.3 MB", 12_300_000),
        ("1.5 MiB", 1_572_864),
        ("1.2GiB", 1_288_490_189),
        ("1 tb", 10**12),
        ("2 TiB", 2 * 2**40),
        ("4 KiB", 4096),
        ("1 GB", 10**9),
        # Half a byte goes to the even side, less or more to the nearer one.
        ("0.0005 kB", 0),
        ("0.0015 kB", 2),
        ("0.0016 kB", 2),
        # The nearest float to this is 8192 bytes off.
        ("9007199.254740993 GB", 9_007_199_254_740_993),
        (2**63 - 1, 2**63 - 1),
    ],
)
def test_a_size_in_bytes(value: str | float | None, expected: int | None) -> None:
    found = spelling.size_bytes(value)
    assert found == expected
    assert found is None or type(found) is int


@pytest.mark.parametrize(
    "value",
    [
        -1,
        -0.5,
        float("nan"),
        float("inf"),
        float("-inf"),
        True,
        False,
        2**63,
        1e300,
        10**400,
        "",
        " ",
        "--",
        "large",
        "12 parsecs",
        "-1",
        "+1",
        "1e3",
        "1,000",
        "nan",
        "inf",
        "1.",
        ".5",
        "MB",
        "1 MB 2",
        "1 Mbit",
        "12 M",
        "1  MB",
        "٣",
        "0x10",
        "9223372036854775808",
        "9" * 1000,
        "8388608 TiB",
    ],
)
def test_what_is_no_size_raises(value: str | float) -> None:
    with pytest.raises(ValueError, match="size"):
        spelling.size_bytes(value)


def test_flags_are_sorted_each_with_its_words() -> None:
    parameters = {
        "ldflags": ["-Wl,-rpath", "-g"],
        "cflags": "-O3",
        "cxxflags": [],
        "fflags": "",
        "cppflags": [3],
        "shared": True,
    }
    assert spelling.flags(parameters) == ("cflags=-O3", "cppflags=3", "ldflags=-Wl,-rpath -g")
    assert spelling.flags({"shared": True}) == ()
