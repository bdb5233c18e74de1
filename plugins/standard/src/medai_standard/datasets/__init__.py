"""Data that a user brings, and data that need nothing from outside."""
