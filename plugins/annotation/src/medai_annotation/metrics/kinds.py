"""Which annotations an image bears, as a model says that tells the kinds apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from medai.errors import DataError, UsageError
from medai.tasks import Image, Sample
from medai_annotation.annotated import Annotated
from medai_annotation.cleaned import Cleaned
from medai_annotation.kinds import KINDS
from medai_annotation.metrics.pictures import draw_roc
from medai_annotation.metrics.roc import Array, area, curve, share, youden

DEFAULT_SURE = 0.5
"""The score from which on a kind is taken to be there, where none was chosen on validation cases."""


@dataclass(frozen=True)
class Kinds:
    """One image: which of `KINDS` are there, bool (kinds,), and how sure the model is of each, float64 (kinds,); NaN: it says nothing."""

    there: np.ndarray[Any, np.dtype[np.bool_]]
    scores: Array


class KindPresence:
    """Whether each kind of annotation is in an image, by the scores of a model that says so (`Cleaned.scores`): `KIND-auc`, the area under
    the ROC curve of that kind's images among all, and over the kinds the means `kinds-auc`, `kinds-sensitivity` and `kinds-specificity`,
    the latter two at one score for all. Images that carry another kind alone are among those without.

    Beyond the study, which names one set of parameters for all annotations as future work. The truth is what was drawn
    (`Annotated.marks`). On the validation cases that score is chosen at which sensitivity and specificity, over all kinds together, sum up
    to most (Youden 1950); where there are none, it is 0.5. A model that says nothing of kinds, such as a baseline, has NaN.

    Args:
        sure: the score, 0..1, from which on a kind is there; None: it is chosen.

    Raises:
        UsageError: `sure` is not between 0 and 1.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, sure: float | None = None) -> None:
        if sure is not None and not 0 < sure < 1:
            raise UsageError(f"sure = {sure}: a score between 0 and 1 is wanted")
        self._sure = sure

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> Kinds:
        """Truth and scores of one image.

        Raises:
            DataError: it is not known what was drawn on it.
        """
        marks = sample.inputs.marks if isinstance(sample.inputs, Annotated) else None
        if marks is None:
            raise DataError(f"case {sample.case.id} does not say what was drawn on it: a view such as annotation/all-kinds does")
        said = prediction.scores if isinstance(prediction, Cleaned) else None
        scores = np.full(len(KINDS), math.nan) if said is None else said.detach().cpu().double().numpy()
        return Kinds(np.isin(np.arange(1, len(KINDS) + 1), marks.cpu().numpy()), scores)

    def total(self, parts: Sequence[Kinds]) -> Mapping[str, float]:
        """The figures of several images; NaN of kinds that all or none of them bear, which count for no mean."""
        told = [_told(parts, place) for place in range(len(KINDS))]
        least = DEFAULT_SURE if self._sure is None else self._sure
        areas = [area(*each) for each in told]
        return {
            **{f"{kind}-auc": found for kind, found in zip(KINDS, areas, strict=True)},
            "kinds-auc": _mean(areas),
            "kinds-sensitivity": _mean([share(with_it >= least) for with_it, _ in told]),
            "kinds-specificity": _mean([share(without < least) for _, without in told]),
        }

    def settled(self, parts: Sequence[Kinds]) -> Mapping[str, Any]:
        """`sure`, if it was not given; nothing where all scores are equal or there are none."""
        told = [_told(parts, place) for place in range(len(KINDS))]
        with_it, without = (np.concatenate([each[side] for each in told]) for side in (0, 1))
        cut = youden(with_it, without) if len(with_it) and len(without) else None
        return {} if self._sure is not None or cut is None else {"sure": cut}

    def draw(self, parts: Sequence[Kinds], options: Mapping[str, Any]) -> Figure | None:
        """The ROC curve of each kind; None where no kind can be told."""
        told = {kind: _told(parts, place) for place, kind in enumerate(KINDS)}
        curves = {f"{kind}, AUC {area(*each):.3f}": curve(*each) for kind, each in told.items() if not math.isnan(area(*each))}
        return draw_roc(curves, f"Presence of each kind, {len(parts)} images") if curves else None


def _told(parts: Sequence[Kinds], place: int) -> tuple[Array, Array]:
    """The scores of one kind: of the images with it, and of those without; those that a model says nothing of are left out."""
    known = [part for part in parts if not math.isnan(part.scores[place])]
    with_it, without = ([part.scores[place] for part in known if part.there[place] == there] for there in (True, False))
    return np.array(with_it, dtype=np.float64), np.array(without, dtype=np.float64)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
