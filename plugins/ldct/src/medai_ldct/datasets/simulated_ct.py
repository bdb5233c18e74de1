"""A folder of normal-dose CT at a low dose: pairs for who has no low-dose scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medai.api import build
from medai.tasks import Case, Image, Sample, View
from medai_ldct.datasets.ct import Ct
from medai_ldct.datasets.simulated import Simulated


class SimulatedCt(View):
    """`ldct/ct` under `ldct/simulated`, kept in memory: it fills a place that wants pairs, such as the data of a table.

    Args:
        root: the folder of normal-dose CT, as `ldct/ct` reads it.
        dose: fraction of the normal dose.
        views: projections over half a turn.
        photons: per ray before the patient at normal dose; None: as `ldct/simulated` calibrates them.
        seed: another seed is another measurement.

    Raises:
        DataError: as `ldct/ct`.
    """

    def __init__(self, root: Path, dose: float = 0.25, views: int = 600, photons: float | None = None, seed: int = 0) -> None:
        super().__init__(build("medai/cached", source=Simulated(Ct(root), dose=dose, views=views, photons=photons, seed=seed)))
        self.root = Path(root)

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """Input at the low dose, reference at the normal dose, both in HU.

        Raises:
            DataError: the file cannot be read, or is no slice in HU.
        """
        found: Sample[Image, Image] = self.source.read(case, rng)
        return found

    write_stub = staticmethod(Ct.write_stub)
