"""The dataset itself: its tables, its folder, how a version is published and verified."""
