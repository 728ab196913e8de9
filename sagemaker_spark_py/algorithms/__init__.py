"""What AWS trains: estimators of the built-in algorithms."""
