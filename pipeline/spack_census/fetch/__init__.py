"""Bring a remote build cache here: addresses, downloads, what a build needs of a mirror."""
