"""Methods that learn the scores of structures."""
