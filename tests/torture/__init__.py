"""Torture: builders killed and failed at every step, readers that loop meanwhile, decay, bad input.

`make torture` runs the long forms and prints a table, CI the short ones of `tests/test_torture.py`;
`python -m torture --help` tells the sizes. A kind of input is fuzzed by an entry of `fuzz.FORMATS`.
"""
