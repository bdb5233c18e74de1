"""The study's methods, ready to run. This module is light."""

from __future__ import annotations

from medai.api import Recipe

RECIPES: tuple[Recipe, ...] = ()
