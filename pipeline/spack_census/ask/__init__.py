"""The read side: a dataset → answers."""
