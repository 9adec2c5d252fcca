"""A spack.yaml → its roots and settings: includes, groups, definitions, matrices, packages."""
