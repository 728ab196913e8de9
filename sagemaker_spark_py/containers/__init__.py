"""What AWS ships as images, on well-kept libraries."""
