"""What is on the disk for certain: files that survive a power cut, locks, failpoints."""
