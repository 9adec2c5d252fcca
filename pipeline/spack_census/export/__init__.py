"""The dataset as plain files for those who have no census: one Parquet file a table, described."""
