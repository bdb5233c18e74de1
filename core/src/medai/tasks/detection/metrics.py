"""Average precision as COCO defines it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from medai.errors import PluginError
from medai.tasks._records import Sample
from medai.tasks.detection.matching import Matches, match
from medai.tasks.detection.ranking import Ranking, mean_over
from medai.tasks.detection.types import Boxes
from medai.tasks.inputs import Image


class AveragePrecision:
    """COCO's average precision: precision interpolated at 101 recalls, the mean over classes and over IoU 0.50 to 0.95 in steps of 0.05.

    In an image, at most `most` boxes of a class count, best scores first; each takes the free reference box of its class that it
    overlaps most. Classes without a reference box in any image are left out. After Lin et al. 2014 and the COCO evaluation code, area
    range "all", without crowd regions.

    Boxes of equal score rank in the order of the images, as there.

    Args:
        most: boxes of a class that count in an image.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, most: int = 100) -> None:
        self._most = most

    def case(self, prediction: Boxes, sample: Sample[Image, Boxes]) -> dict[int, Matches]:
        """The image's boxes, matched, by class."""
        return match(prediction, reference_for(prediction, sample), most=self._most)

    def total(self, parts: Sequence[Mapping[int, Matches]]) -> Mapping[str, float]:
        """`ap` (the mean over IoU 0.50 to 0.95) and `ap50`, from 0 to 1; NaN where no image has a reference box."""
        rankings = [Ranking.of(parts, label) for label in sorted({label for part in parts for label in part})]
        figures = [ranking.average_precision() for ranking in rankings if ranking is not None]
        if not figures:
            return {"ap": math.nan, "ap50": math.nan}
        by_level = mean_over(figures)[0]
        return {"ap": float(by_level.mean()), "ap50": float(by_level[0])}


def reference_for(prediction: Boxes, sample: Sample[Any, Boxes]) -> Boxes:
    """The boxes to find.

    Raises:
        PluginError: the case has none, or the prediction has no scores.
    """
    if sample.reference is None:
        raise PluginError(f"case {sample.case.id} has no boxes to compare with")
    if prediction.scores is None:
        raise PluginError(f"the prediction of case {sample.case.id} has no scores")
    return sample.reference
