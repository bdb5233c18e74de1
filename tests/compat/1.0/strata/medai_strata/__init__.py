"""Rows of a table: groups that learn by rules of their own, without gradients."""
