"""What tests are made of: documents, datasets, servers, and independent readers."""
