"""No NumPy: PyArrow imports it wherever it is, and what is measured here needs none."""

raise ImportError("kept out of this measurement")
