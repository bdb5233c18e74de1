"""A folder of radiographs, as this plugin's users keep them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from medai.errors import DataError
from medai.io import pseudonym, read_image, write_image
from medai.tasks import Case, Image, Mask, Sample

from medai_example_thirdparty.datasets.drawn import Drawn
from medai_example_thirdparty.datasets.outlines import filled, read_outline, traced, write_outline


class Contours:
    """`PATIENT/VIEW.png`, (C, H, W) in 0..1, and beside each `VIEW.txt`, its outline, as `medai_example_thirdparty.datasets.outlines` says.

    In the mask, 1 is inside the outline. Names of patients and views stay out of run folders: ids and groups are pseudonyms.

    Args:
        root: the folder.

    Raises:
        DataError: it holds no `PATIENT/VIEW.png`.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._files: dict[str, Path] = {}
        self._cases: list[Case] = []
        for path in sorted(self.root.glob("*/*.png")):
            patient = pseudonym(path.parent.name)
            case = Case(f"{patient}-{pseudonym(path.stem, prefix='v')}", patient)
            self._files[case.id] = path
            self._cases.append(case)
        if not self._cases:
            raise DataError("holds no PATIENT/VIEW.png", self.root)

    def cases(self) -> Sequence[Case]:
        """A case per picture; none is read yet."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Mask]:
        """One picture with its mask.

        Raises:
            DataError: the picture or its outline is missing or cannot be used.
        """
        path = self._files[case.id]
        outline = path.with_suffix(".txt")
        if not outline.exists():
            raise DataError(f"its outline {outline.name} is not beside it", path)
        image = read_image(path)
        rows, columns = image.pixels.shape[-2:]
        return Sample(case, image, Mask(filled(read_outline(outline), (rows, columns))))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small pictures with outlines in the same layout, two of each patient."""
        drawn = Drawn(patients=-(-n // 2), size=32, seed=seed)
        for case in drawn.cases()[:n]:
            sample = drawn.read(case, np.random.default_rng(0))
            assert sample.reference is not None
            path = write_image(Path(root) / case.group / f"{case.id[-1]}.png", sample.inputs)
            write_outline(path.with_suffix(".txt"), traced(sample.reference.labels))
