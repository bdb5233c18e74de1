"""The study's tables. This module is light. Every figure in `reported/` is the paper's; none was measured."""

from __future__ import annotations

from medai.api import Table

TABLES: tuple[Table, ...] = ()
