"""Reports → lines for people: the same layout on a terminal, there with colour, and in a pipe."""
