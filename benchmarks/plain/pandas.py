"""Stands before pandas on the path: PyArrow imports it wherever it is, and census installs none."""

raise ImportError
