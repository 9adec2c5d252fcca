"""Constraints on specs, as `hdf5@1.14: +mpi %gcc@11:`: text → Constraint → conditions in SQL."""
