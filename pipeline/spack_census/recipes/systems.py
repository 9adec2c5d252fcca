"""Base classes of recipes that Spack itself brings, and the build systems they stand for.

Since API 2.0 build systems lie in the package repository and are read there. Before, they were
part of Spack: `lib/spack/spack/build_systems/` of its release 0.23 says the same by these names.
"""

from __future__ import annotations

BUILD_SYSTEMS: dict[str, str | None] = {
    "AspellDictPackage": "autotools",
    "AutotoolsPackage": "autotools",
    "BundlePackage": "bundle",
    "CMakePackage": "cmake",
    "CachedCMakePackage": "cmake",
    "CargoPackage": "cargo",
    "CompilerPackage": None,
    "CudaPackage": None,
    "GNUMirrorPackage": None,
    "GoPackage": "go",
    "IntelOneApiLibraryPackage": "generic",
    "IntelOneApiLibraryPackageWithSdk": "generic",
    "IntelOneApiPackage": "generic",
    "IntelPackage": "generic",
    "LuaPackage": "lua",
    "MSBuildPackage": "msbuild",
    "MakefilePackage": "makefile",
    "MavenPackage": "maven",
    "MesonPackage": "meson",
    "NMakePackage": "nmake",
    "OctavePackage": "octave",
    "Package": "generic",
    "PackageBase": None,
    "PerlPackage": "perl",
    "PythonExtension": None,
    "PythonPackage": "python_pip",
    "QMakePackage": "qmake",
    "ROCmLibrary": None,
    "ROCmPackage": None,
    "RPackage": "generic",
    "RacketPackage": "racket",
    "RubyPackage": "ruby",
    "SConsPackage": "scons",
    "SIPPackage": "sip",
    "SourceforgePackage": None,
    "SourcewarePackage": None,
    "WafPackage": "waf",
    "XorgPackage": None,
    "object": None,
}
"""Name of the class → its build system, None where it only adds to one."""
