"""COCO's figures of boxes, of all and by class and size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from medai.tasks import Boxes, Image, Sample
from medai.tasks.detection.matching import ANY_SIZE, COCO_IOUS, COCO_SIZES, Array, Matches, match
from medai.tasks.detection.metrics import reference_for
from medai.tasks.detection.ranking import Ranking, mean_over
from medai_breast.metrics.curves import Curve, draw_precision_recall
from medai_breast.metrics.naming import labels_of, name_of

ByClass = Mapping[int, Matches]

_FIGURES = ("ap", "ap50", "ap75", "ar10", "recall@iou0.1")
_OF_A_SIZE = ("ap", "ar10")
_ABOVE = math.nextafter(0.1, 1)
"""The study prints IoU > 0.1; boxes are matched by an IoU of at least something."""
_LEVELS = (_ABOVE, *COCO_IOUS)
_AT_50, _AT_75 = 1, 6
_BEST, _MOST = 10, 100


class CocoFigures:
    """`ap`, `ap50`, `ap75` and `ar10` as COCO defines them, and `recall@iou0.1` as the study prints it.

    `ap` is the mean over IoU 0.50 to 0.95, `ap50` and `ap75` are at one IoU. The study writes IoU > 0.5; here, as in COCO's code, exactly
    that is enough. `ar10` is COCO's average recall over the same IoUs with the best 10 boxes of each class in an image. The study calls
    AR10 the recall at IoU > 0.1, which its own figures rule out: that cannot be lower than AP50. `recall@iou0.1` is that recall: a lesion
    counts as found by a box of its class of any confidence, of the best 100, so that a detector that gives many doubtful boxes has a high
    one. Classes without a lesion in any image are left out of the means.

    By class there are the first four, as `ap-NAME`. By size there are `ap-small` and `ar10-small` of lesions of up to 32 x 32 pixels,
    `-medium` up to 96 x 96, `-large` above, NaN where there is no such lesion. Sizes are width times height in pixels of the image that the
    model was given: the file's own, unless a view draws it to another size. In a picture of 320 pixels nearly every lesion is large.

    Args:
        classes: their names, for the figures' names; default, their numbers. A class that is named has figures even where no case has it.
        by: what the figures are told apart by, besides those of all.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, classes: tuple[str, ...] = (), by: tuple[Literal["class", "size"], ...] = ("class", "size")) -> None:
        self._classes, self._by_class = classes, "class" in by
        self._sizes = tuple(COCO_SIZES) if "size" in by else ()

    def case(self, prediction: Boxes, sample: Sample[Image, Boxes]) -> ByClass:
        """The image's boxes, matched, by class.

        Raises:
            PluginError: the case has no reference, or the prediction no scores.
        """
        areas = (ANY_SIZE, *(COCO_SIZES[size] for size in self._sizes))
        return match(prediction, reference_for(prediction, sample), ious=_LEVELS, areas=areas, most=_MOST)

    def total(self, parts: Sequence[ByClass]) -> Mapping[str, float]:
        """The figures of several images together, from 0 to 1; NaN where there is nothing to find."""
        nothing = np.full((1 + len(self._sizes), len(_FIGURES)), np.nan)
        found = {label: _of_class(parts, label, nothing) for label in labels_of(parts, self._classes)}
        mean = mean_over([nothing, *found.values()])
        figures = dict(zip(_FIGURES, mean[0].tolist(), strict=True))
        for place, size in enumerate(self._sizes, start=1):
            figures |= {f"{name}-{size}": float(mean[place, _FIGURES.index(name)]) for name in _OF_A_SIZE}
        told = [label for label in found if label < len(self._classes) or not np.isnan(found[label][0, 0])]
        if self._by_class and len(told) > 1:
            for label in told:
                values = zip(_FIGURES[:4], found[label][0, :4].tolist(), strict=True)
                figures |= {f"{name}-{name_of(label, self._classes)}": value for name, value in values}
        return figures

    def draw(self, parts: Sequence[ByClass], options: Mapping[str, Any]) -> Figure | None:
        """Precision over recall of each class at IoU 0.5; None where there is no lesion.

        Options:
            classes: names of the classes, where the metric was given none.
            colours: a colour for each class by its name.
        """
        names, curves = self._classes or tuple(options.get("classes", ())), []
        for label in labels_of(parts, names):
            ranking = Ranking.of(parts, label)
            if ranking is not None and ranking.wanted[0]:
                ap50 = float(ranking.average_precision()[0, _AT_50])
                curves.append(Curve(name_of(label, names), *ranking.curve(0, _AT_50), ap50, int(ranking.wanted[0])))
        return draw_precision_recall(curves, options.get("colours", {})) if curves else None


def _of_class(parts: Sequence[ByClass], label: int, nothing: Array) -> Array:
    """The figures of one class, by size, float64 (R, 5)."""
    ranking = Ranking.of(parts, label)
    if ranking is None:
        return nothing
    ap, best, any_found = ranking.average_precision(), ranking.recall(_BEST)[:, 1:], ranking.recall(_MOST)[:, 0]
    return np.stack([ap[:, 1:].mean(1), ap[:, _AT_50], ap[:, _AT_75], best.mean(1), any_found], axis=1)
