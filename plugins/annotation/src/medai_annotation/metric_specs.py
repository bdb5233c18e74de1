"""The study's metrics, by its names. This module is light."""

from __future__ import annotations

from medai.api import MetricSpec

_LICENSE = "Apache-2.0"
_STUDY = "Zhang et al. 2024, doi:10.53941/aim.2024.100004"

METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(
        name="mask",
        target="medai_annotation.metrics.mask:SubtractionMask",
        summary="Dice, IoU and pixel accuracy of the mask by subtraction, its threshold chosen on validation cases",
        task="restoration",
        inputs=("image",),
        implements=("dice", "iou", "pixel-accuracy", "mask-by-subtraction"),
        license=_LICENSE,
        source=f"{_STUDY}, section 4.1.1",
        # Above what counts as truth, a perfect answer's mask would lack what lies between the two.
        example={"threshold": 1 / 510},
    ),
    MetricSpec(
        name="white-pixel-presence-score",
        target="medai_annotation.metrics.presence:WhitePixelPresence",
        summary="whether an annotation is there, by the white pixels that are left of the mask: AUC, sensitivity, specificity",
        task="restoration",
        inputs=("image",),
        license=_LICENSE,
        source=f"{_STUDY}, sections 1 and 3",
        example={"presence_threshold": 0.02, "presence_pixels": 16},
        known_failures={
            "metric.perfect-is-best": "an answer that differs from its input everywhere calls each image annotated, and has the "
            "sensitivity of a perfect one: specificity tells them apart, and stub images are all annotated",
        },
    ),
    MetricSpec(
        name="kinds",
        target="medai_annotation.metrics.kinds:KindPresence",
        summary="which annotations are there, by a model that tells the kinds apart: AUC of each, sensitivity, specificity",
        task="restoration",
        inputs=("image",),
        license=_LICENSE,
        source="Youden 1950, doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3",
        example={"sure": 0.5},
        known_failures={
            "metric.perfect-is-best": "a clean image, which is the reference, does not say what was drawn over it: the truth stands with "
            "the input, and answers that say nothing of kinds have no figure",
        },
    ),
    MetricSpec(
        name="ssim",
        target="medai_annotation.metrics.similarity:StudySsim",
        summary="as medai/ssim, of images clipped to 0..1; the study gives no constants",
        task="restoration",
        inputs=("image",),
        license=_LICENSE,
        source=f"{_STUDY}, section 4.1.2; Wang et al. 2004, doi:10.1109/TIP.2003.819861",
        example={"window": (0.0, 1.0)},
    ),
    MetricSpec(
        name="psnr-hvs-m",
        target="medai_annotation.metrics.psnr_hvs_m:PsnrHvsM",
        summary="PSNR in dB of what the eye sees: contrast sensitivity, and masking between the DCT coefficients of a block",
        task="restoration",
        inputs=("image",),
        license=_LICENSE,
        source="Ponomarenko et al. 2007, On between-coefficient contrast masking of DCT basis functions, VPQM",
        example={"variance": False},
    ),
    MetricSpec(
        name="convergence-steps",
        target="medai_annotation.metrics.convergence:ConvergenceSteps",
        summary="steps from which on the training loss stays near its final level",
        task="restoration",
        inputs=("image",),
        license=_LICENSE,
        source=f"{_STUDY}, section 4.4 and Figure 3",
        example={"within": 0.05},
        of="training",
    ),
)
