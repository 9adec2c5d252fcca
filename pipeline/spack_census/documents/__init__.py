"""Bytes of the cache's documents and indexes → records, or the reason why not."""
