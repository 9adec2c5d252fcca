"""How much of an environment is cached: spack.lock or spack.yaml against a snapshot."""
