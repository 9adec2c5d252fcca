"""The explorer: a folder that any static host, or a double click, shows; see docs/explorer.md."""
