"""Structures as drawings."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from medai.errors import DataError
from medai.io import write_text
from medai.tasks import Pairs, Sample, Sequence
from medai.tasks.pairing import BasePairing
from medai_rna.exporters.structures import Names, Row
from medai_rna.pictures.matrix import draw_matrix
from medai_rna.pictures.structure import Drawn, draw_structures
from medai_rna.probable import ProbablePairs, probabilities_of, whence


class Svg:
    """A drawing of each structure as `CASE.svg`; where the known structure is there, as in `medai export`, it is drawn beside it, and pairs
    have colours of right, wrong and missed.

    Args:
        drawing: `layout`, a plane figure with loops as circles; `arcs` over the sequence; or `matrix`, with the probability of each pair
            above the diagonal: of `medai predict` alone, by a model that gives probabilities, because a run folder keeps structures.
        coordinates: of layouts: our own (`radial`), or those of ViennaRNA where it is installed (`viennarna`).
    """

    def __init__(
        self, drawing: Literal["layout", "arcs", "matrix"] = "layout", coordinates: Literal["radial", "viennarna"] = "radial"
    ) -> None:
        self._drawing, self._coordinates = drawing, coordinates

    def check(self, sample: Sample[Sequence, Pairs], prediction: Pairs) -> None:
        """A structure.

        Raises:
            DataError: it is another thing.
        """
        if not isinstance(prediction, Pairs):
            raise DataError(f"case {sample.case.id}: a {type(prediction).__name__} is no structure")
        if self._drawing == "matrix" and not isinstance(prediction, ProbablePairs):
            # What is predicted now has nothing known beside it.
            said = whence("rna/svg --set drawing=matrix", stored=sample.reference is not None)
            raise DataError(f"case {sample.case.id}: its structure comes without probabilities: {said}")

    def write(self, rows: Iterable[Row], folder: Path) -> list[Path]:
        """Draw every structure; the files, in order.

        Raises:
            DataError: as `check`.
            EnvironmentFault: ViennaRNA is asked for and not installed.
        """
        names, files = Names(), []
        for sample, prediction in rows:
            self.check(sample, prediction)
            files.append(folder / f"{names.of(sample.case.id)}.svg")
            write_text(files[-1], _as_svg(self._drawn(sample, prediction)))
        return files

    def _drawn(self, sample: Sample[Sequence, Pairs], prediction: Pairs) -> Figure:
        title = f"{sample.case.id} ({prediction.length} nt)"
        if self._drawing == "arcs":
            return BasePairing().draw(sample, prediction, {})
        if self._drawing == "matrix":
            return draw_matrix(probabilities_of(prediction), prediction, sample.reference, title)
        return draw_structures([Drawn(title, sample.inputs.letters, prediction, sample.reference)], self._coordinates)


def _as_svg(figure: Figure) -> str:
    buffer = StringIO()
    # The same structure gives the same file, and letters stay text.
    with mpl.rc_context({"svg.hashsalt": "medai", "svg.fonttype": "none"}):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": "medai"})
    return buffer.getvalue()
