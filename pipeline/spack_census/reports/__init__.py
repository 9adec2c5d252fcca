"""Queries → reports: compute first (frozen data), render after (`terminal/`)."""
