"""The write side: a source → the next version of a dataset."""
