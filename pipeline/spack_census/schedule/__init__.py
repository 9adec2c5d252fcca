"""What runs unattended: fetch, build, report, tell."""
