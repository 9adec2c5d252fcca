"""`python -m spack_census.cli` is `census`."""

from spack_census.cli import entry_point

if __name__ == "__main__":
    entry_point()
