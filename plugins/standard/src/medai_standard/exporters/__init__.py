"""Exporters for readers outside medai."""
