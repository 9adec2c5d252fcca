"""What Spack means by its words: versions, constraints, targets, series; pure, nothing is read."""
