"""Datasets, views and tasks, each sound but for the one fault that its name tells."""
