"""The study's methods, ready to run. This module is light.

A network learns to give the image under its input: under Noise2Clean the reference is the clean image, under Noise2Noise the same clean
image with another annotation. One word tells them apart, `train.views.0.target`, and nothing else differs. Annotations are drawn anew in
each epoch; those of validation and test are the same in every run.

The study's optimiser is RMSprop at 1e-5 with momentum 0.9 and weight decay 1e-8. Batch, epochs, size and split it does not state: here
eight patches of 256 x 256, 17 of each image in an epoch, which is the study's ratio of pairs to clean images. Shorter scales have an
optimiser and rate of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medai.api import Protocol, Recipe, Slot, Split, Train, Use, use
from medai_annotation.kinds import Kind

_STUDY = "Zhang et al., AI Medicine 1(1), 2024, 4, doi:10.53941/aim.2024.100004"
_CLEAN, _DRAWN = use("annotation/clean-images"), use("annotation/phantom")


def slot(view: str, **parameters: object) -> Slot:
    """Clean images with annotations drawn over them, the same at every reading; without a folder, drawn ultrasound-like ones."""

    def over(source: Use) -> Use:
        return use("medai/cached", source=use(f"annotation/{view}", source=source, **parameters))

    return Slot(folder=over(_CLEAN), embedded=over(_DRAWN))


_SPLIT = Split(valid=0.1, test=0.2)
_RESTORED = (
    use("annotation/mask", curve=True),
    use("annotation/ssim"),
    use("annotation/psnr-hvs-m"),
)
_DRAWN_SO = {"unit": "0..1", "roi": "change"}
_OPTIONS = {**_DRAWN_SO, "annotation": "body-marker"}
PROTOCOL = Protocol(split=_SPLIT, metrics=(*_RESTORED, use("annotation/convergence-steps")), options=_OPTIONS)
PRESENCE = Protocol(split=_SPLIT, metrics=(*_RESTORED, use("annotation/white-pixel-presence-score")), options=_OPTIONS)

_COLOURED = (use("standard/channels", count=3),)
"""Of a user's grey image, too, the channel that differs most is counted: it is scored as the same image in colours is."""
_BASELINES = (use("standard/input"),)


def _views(drawn: Use, size: int, per_case: int) -> tuple[Use, ...]:
    """What training sees: an annotation drawn anew, and patches of the result, black beyond an image that is smaller than they are. Nothing
    is turned about: markers are read from one side."""
    return (drawn, use("standard/patches", size=size, per_case=per_case, fill=0.0))


def _training(drawn: Use, select: str | None = "psnr-hvs-m") -> Train:
    return Train(
        batch=8,
        epochs=20,
        optimizers={"all": use("RMSprop", lr=1e-5, momentum=0.9, weight_decay=1e-8)},
        views=_views(drawn, 256, 17),
        select=select,
        save_every=500,
    )


def _short(drawn: Use, *, steps: int, rate: float, batch: int, size: int, per_case: int, validations: int) -> Mapping[str, Any]:
    """A shorter training, on smaller patches: Adam by the one-cycle schedule."""
    return {
        "batch": batch,
        "steps": steps,
        "epochs": None,
        "optimizers": {"all": use("Adam", lr=rate)},
        # Its largest rate is the optimiser's, and its length the run's.
        "schedule": use("OneCycleLR", pct_start=0.095),
        "validate_every": steps // validations,
        "save_every": None,
        "views": _views(drawn, size, per_case),
    }


def _scales(drawn: Use, rate: float, quick: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """`quick`: minutes on one core, a small network if there is one. `small`: 20 minutes on two cores. `medium`: an hour on a GPU."""
    return {
        "quick": {
            **({"model": quick} if quick else {}),
            "train": _short(drawn, steps=400, rate=rate, batch=4, size=64, per_case=4, validations=2),
        },
        "small": {"train": _short(drawn, steps=2500, rate=rate, batch=4, size=128, per_case=8, validations=5)},
        "medium": {"train": _short(drawn, steps=20000, rate=rate, batch=16, size=192, per_case=17, validations=20)},
    }


def _method(
    name: str,
    summary: str,
    *,
    model: Use | None = None,
    view: Kind | str = "body-marker",
    target: str = "noisy",
    beside: float = 0.0,
    select: str | None = "psnr-hvs-m",
    rate: float = 1e-3,
    quick: Mapping[str, object] = {},
    **more: Any,
) -> Recipe:
    """A network that takes annotations away: all are trained and measured alike."""
    drawn = use(f"annotation/{view}", target=target, **({"beside": beside} if beside else {}))
    return Recipe(
        **{
            "name": name,
            "task": "restoration",
            "model": model or use(f"annotation/{name}"),
            "data": {"images": slot(view)},
            "views": _COLOURED,
            "protocol": PROTOCOL,
            "summary": summary,
            "loss": use("annotation/l1"),
            "train": _training(drawn, select),
            "baselines": _BASELINES,
            "scales": _scales(drawn, rate, quick),
            "implements": (name,),
            "source": _STUDY,
            "license": "Apache-2.0",
            **more,
        }
    )


_UNET = use("annotation/costumed-unet")

COSTUMED_UNET = _method(
    "costumed-unet",
    "the study's U-Net under Noise2Noise: body markers taken off ultrasound images",
    implements=("costumed-unet", "noise2noise", "rmsprop", "linear-normalisation"),
)
NOISE2CLEAN = _method(
    "noise2clean-baseline",
    "the study's U-Net under Noise2Clean: the same, held to the clean image",
    model=_UNET,
    target="clean",
)
COSTUMED_UNET_SMN = _method(
    "costumed-unet-smn",
    "the study's U-Net under Noise2Noise on images normalised by mean and standard deviation",
    model=use("annotation/costumed-unet", normalisation="smn"),
    implements=("smn-normalisation",),
)
FCN = _method(
    "fcn-101",
    "FCN on a ResNet-101 under Noise2Noise: nothing is handed across",
    quick={"backbone": "mobilenet_v3_large"},
    implements=("fcn-101",),
)
DEEPLABV3 = _method(
    "deeplabv3", "DeepLabV3 under Noise2Noise: dilated convolutions, nothing is handed across", quick={"backbone": "mobilenet_v3_large"}
)
LINKNET = _method("linknet", "LinkNet under Noise2Noise: what is handed across is added", quick={"encoder": "resnet18"})
MANET = _method("manet", "the library's MANet under Noise2Noise: multi-scale attention", quick={"encoder": "resnet18"})
MANET_CITED = _method(
    "manet-linear-attention",
    "the MANet that the study cites under Noise2Noise: linear attention",
    quick={"encoder": "resnet18"},
    implements=(),
)
UNET_PLUS_PLUS = _method("unet-plus-plus", "U-Net++ under Noise2Noise: nested ways across", quick={"encoder": "resnet18"})
MULTIRESUNET = _method(
    "multiresunet",
    "MultiResUNet under Noise2Noise, on images normalised by mean and standard deviation",
    model=use("annotation/multiresunet", normalisation="smn"),
    quick={"filters": 8},
)
UNET_VANILLA = _method("unet-vanilla", "the first U-Net under Noise2Noise", quick={"filters": 16, "depth": 3})

NETWORKS = (COSTUMED_UNET, FCN, DEEPLABV3, LINKNET, MANET, MANET_CITED, UNET_PLUS_PLUS, MULTIRESUNET, UNET_VANILLA)
"""One for each network, under Noise2Noise."""

# A third of the images carries none, and another third one of another kind alone, which has to stay.
_THIRD = 1 / 3
_BESIDE = 0.75
"""In training, so often something else stands beside the marker: else a network takes off whatever is drawn."""

PIPELINE = _method(
    "n2n-annotation-removal-pipeline",
    "the whole of it: body markers taken off, their mask, and whether the image has one at all",
    implements=("n2n-annotation-removal-pipeline", "training-setup", "synthetic-overlay-pipeline"),
    model=_UNET,
    beside=_BESIDE,
    data={"images": slot("body-marker", absent=_THIRD, other=_THIRD)},
    protocol=PRESENCE,
)
ALL_KINDS = _method(
    "single-parameter-set-model",
    "one set of weights for body markers, radial lines and flow boxes, which also says which of them there is",
    model=use("annotation/one-for-all"),
    view="all-kinds",
    data={"images": slot("all-kinds", absent=_THIRD)},
    protocol=Protocol(split=_SPLIT, metrics=(*PRESENCE.metrics, use("annotation/kinds")), options=_DRAWN_SO),
)
SEGMENTATION = _method(
    "segmentation-approach-semantic",
    "the annotation's pixels named outright, in place of what is left by subtraction",
    model=use("standard/segmentation-models-pytorch", architecture="Unet", encoder="resnet34", channels=3),
    task="segmentation",
    target="mask",
    quick={"encoder": "resnet18"},
    data={"images": slot("body-marker", target="mask", absent=_THIRD, other=_THIRD)},
    protocol=Protocol(split=_SPLIT, metrics=(use("medai/dice"), use("medai/iou"))),
    loss=use("standard/sum", losses=(use("standard/cross-entropy"), use("standard/dice"))),
    beside=_BESIDE,
    select=None,
    baselines=(),
    implements=("segmentation-approach-semantic", "segmentation-training-option"),
)
DETECTION = _method(
    "object-detection-approach",
    "a box around the annotation, by SSD",
    model=use("breast/ssd", backbone="resnet34", channels=3, size=(256, 256)),
    task="detection",
    target="boxes",
    quick={"backbone": "resnet18", "size": (128, 128)},
    data={"images": slot("body-marker", target="boxes", absent=_THIRD, other=_THIRD)},
    protocol=Protocol(split=_SPLIT, metrics=(use("breast/ap"), use("breast/precision-recall"))),
    beside=_BESIDE,
    select=None,
    loss=None,
    baselines=(),
)

RECIPES = (COSTUMED_UNET, NOISE2CLEAN, COSTUMED_UNET_SMN, *NETWORKS[1:], PIPELINE, ALL_KINDS, SEGMENTATION, DETECTION)
