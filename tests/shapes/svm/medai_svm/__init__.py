"""A support vector machine on a table."""
