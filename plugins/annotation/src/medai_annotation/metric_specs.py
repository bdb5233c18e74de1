"""The study's metrics, by its names. This module is light."""

from __future__ import annotations

from medai.api import MetricSpec

METRICS: tuple[MetricSpec, ...] = ()
