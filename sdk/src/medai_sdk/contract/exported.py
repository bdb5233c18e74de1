"""An exporter as its checks get it."""

from __future__ import annotations

from medai_sdk.contract.subjects import TriedSubject


class ExporterSubject(TriedSubject):
    """An exporter of predictions or of a model."""
