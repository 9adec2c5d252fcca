"""Recipes of a package repository → what they declare, read with Python's `ast` and never run."""
