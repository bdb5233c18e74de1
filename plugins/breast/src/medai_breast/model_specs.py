"""The study's networks that no library has. This module is light."""

from __future__ import annotations

from medai.api import ModelSpec

MODELS: tuple[ModelSpec, ...] = ()
