"""What a scan at a given dose is measured by. The figures are those of the study's Table 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

FULL_MAS = 300.0
"""Tube current times time of the study's full dose, in mAs (Zhao et al. 2024, Table 1)."""


@dataclass(frozen=True)
class Exposure:
    """A scan's dose.

    Attributes:
        fraction: of the full dose.
        mas: tube current times time, in mAs.
        ctdi_vol: volume CT dose index, in mGy.
        dlp: dose-length product, in mGy cm.
        effective: effective dose, in mSv; 0.015 of the dose-length product in the table.
    """

    fraction: float
    mas: float
    ctdi_vol: float
    dlp: float
    effective: float

    @property
    def attributes(self) -> Mapping[str, float]:
        """The same as attributes of a case, which `ldct/dose-measures` reads."""
        return {"dose": self.fraction, "mAs": self.mas, "CTDIvol": self.ctdi_vol, "DLP": self.dlp, "effective-dose": self.effective}


TABLE_1 = (
    Exposure(1.0, 300, 30.83, 943.24, 14.14),
    Exposure(0.5, 150, 15.41, 471.62, 7.07),
    Exposure(0.25, 75, 7.71, 235.81, 3.54),
    Exposure(0.1, 30, 3.08, 94.32, 1.41),
    Exposure(0.05, 15, 1.54, 47.1, 0.71),
)
"""Zhao et al. 2024, Table 1: one piglet at 100 kVp, slices of 0.625 mm, on a GE Discovery CT750 HD; from Yi and Babyn 2018."""


def at(fraction: float) -> Exposure:
    """The table's row of a fraction of the dose; between its rows, its first row scaled, for all figures go with the current.

    Args:
        fraction: of the full dose.
    """
    for row in TABLE_1:
        if math.isclose(row.fraction, fraction, rel_tol=1e-9):
            return row
    full = TABLE_1[0]
    return Exposure(fraction, full.mas * fraction, full.ctdi_vol * fraction, full.dlp * fraction, full.effective * fraction)
