"""Sequences with their structures, and data of melting. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec

DATASETS: tuple[DatasetSpec, ...] = ()
