"""Torture: builders killed and failed at every step, readers that loop meanwhile, mutated input.

`make torture` runs the long forms and prints a table; `tests/test_crash.py` and
`tests/test_fuzz.py` run the short ones.
"""
