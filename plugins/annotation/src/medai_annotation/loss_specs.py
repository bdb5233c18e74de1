"""The study's losses, by its names. This module is light."""

from __future__ import annotations

from medai.api import LossSpec

_STUDY = "Zhang et al. 2024, doi:10.53941/aim.2024.100004"
_N2N = "Lehtinen et al. 2018, arXiv:1803.04189"

LOSSES: tuple[LossSpec, ...] = (
    LossSpec(
        name="l1",
        target="medai_annotation.losses:l1",
        summary="mean absolute difference, the study's choice; of an annotated reference, Noise2Noise's empirical risk",
        task="restoration",
        # What makes it Noise2Noise's is the reference that the data give.
        implements=("l1", "empirical-risk-n2n"),
        license="Apache-2.0",
        source=f"{_STUDY}, eq. 1 and 2; {_N2N}",
    ),
    *(
        LossSpec(
            name=name,
            target=f"medai_annotation.losses:{name.replace('-', '_')}",
            summary=summary,
            task="restoration",
            license="Apache-2.0",
            source=f"{_STUDY}, Tables 4 and 5",
            implements=(name,),
            example=example,
        )
        for name, summary, example in (
            ("huber", "half the squared difference below delta, absolute above", {"delta": 1.0}),
            ("smooth-l1", "squared difference below beta, absolute above; with the usual parameters the same as huber", {"beta": 1.0}),
            ("l2", "mean squared difference", {}),
            ("l1-plus-l2", "sum of l1 and l2", {}),
            ("huber-plus-l2", "sum of huber and l2", {"delta": 1.0}),
            ("smooth-l1-plus-l2", "sum of smooth-l1 and l2", {"beta": 1.0}),
            ("all-loss-sum", "sum of l1, huber, smooth-l1 and l2", {"delta": 1.0, "beta": 1.0}),
        )
    ),
)
