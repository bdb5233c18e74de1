"""Clean ultrasound images, and views that draw annotations over them. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec

DATASETS: tuple[DatasetSpec, ...] = ()
