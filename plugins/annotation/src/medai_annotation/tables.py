"""The study's tables. Every figure in `reported/` is the paper's; none was measured. This module is light."""

from __future__ import annotations

from medai.api import Table

TABLES: tuple[Table, ...] = ()
