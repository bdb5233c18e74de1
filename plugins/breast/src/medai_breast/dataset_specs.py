"""Breast ultrasound in its own layouts, and views over it. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec

DATASETS: tuple[DatasetSpec, ...] = ()
