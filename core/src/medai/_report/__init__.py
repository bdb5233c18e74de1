"""The report: one self-contained HTML page, made from what the run folder holds."""

from medai._report.page import write_report

__all__ = ["write_report"]
