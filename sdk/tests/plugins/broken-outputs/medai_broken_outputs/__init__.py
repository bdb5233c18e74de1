"""Metrics, exporters, recipes and tables that do not keep the contract, and some that do."""
