"""Files of structures. This module is light."""

from __future__ import annotations

from medai.api import ExporterSpec

EXPORTERS: tuple[ExporterSpec, ...] = ()
