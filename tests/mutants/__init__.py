"""Mutants: small faults put into the code one at a time, each of which some test has to find.

`make mutants` runs them, `python -m mutants --help` tells how. Python is changed by mutmut, SQL by
`mutants.sql`. What lives on is named; docs/reliability.md tells why it may.
"""
