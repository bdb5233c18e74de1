"""Files of sequences and their structures."""
