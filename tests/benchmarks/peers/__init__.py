"""Scripts for other environments, which have neither this package nor its dependencies."""
