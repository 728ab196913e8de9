"""DataFrames to S3, exactly once."""
