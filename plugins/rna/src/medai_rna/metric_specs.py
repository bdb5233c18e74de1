"""How near predicted pairs are to known ones. This module is light."""

from __future__ import annotations

from medai.api import MetricSpec

METRICS: tuple[MetricSpec, ...] = ()
