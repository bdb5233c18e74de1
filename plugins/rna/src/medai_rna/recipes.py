"""The methods on data, each with its paper's objective. This module is light."""

from __future__ import annotations

from medai.api import Recipe

RECIPES: tuple[Recipe, ...] = ()
