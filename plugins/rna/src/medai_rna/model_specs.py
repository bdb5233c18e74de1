"""The methods, by the survey's names. This module is light."""

from __future__ import annotations

from medai.api import ModelSpec

MODELS: tuple[ModelSpec, ...] = ()
