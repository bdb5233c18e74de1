"""The study's methods, ready to run. This module is light.

The training of all of them is the study's section 3.2: 300 epochs of batch 8 at 320 x 320, the rate 0.01 after five epochs of warm-up and
down to one percent of it by a cosine, with random rotation, flips and Mosaic. It names no optimiser: PaddleDetection, with which it was
made, takes SGD with momentum 0.9. Shorter scales have an optimiser and rate of their own, because at the study's a network that starts
from random weights learns little in a thousand steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medai.api import Protocol, Recipe, Slot, Train, Use, use
from medai_breast.protocols import PROTOCOLS, SPLIT_HONEST

_STUDY = "Wang et al., AI Medicine 1(1), 2024, 5, doi:10.53941/aim.2024.100005"
_SIZE = 320
_TORCHVISION = "standard/torchvision-detection"
_ULTRALYTICS = "standard/ultralytics"


def _drawn(patients: int, seed: int = 0) -> Use:
    scenes = use("standard/scenes", reference="kinds", patients=patients, pictures=2, lesions=2, size=_SIZE, seed=seed)
    return use("medai/cached", source=scenes)


DRAWN = _drawn(100)
"""Drawn pictures with lesions of both kinds: 200, of which a tenth each is for validation and for the test."""

BUS = Slot(folder=use("breast/bus"), embedded=_drawn(20, seed=1), roles=("test",))
"""Another hospital's images; all of them are the test."""

DATA = {"images": Slot(folder=use("breast/busi"), embedded=DRAWN)}

PROTOCOL = Protocol(
    split=SPLIT_HONEST,
    metrics=(use("breast/ap"), use("breast/precision-recall"), use("breast/froc")),
    # The study's Figure 3: red is malignant, green benign, the confidence above the box.
    options={"colours": {"malignant": "red", "benign": "green"}},
)

_GREY = (use("standard/channels"),)


def _seen(size: int) -> tuple[Use, ...]:
    """What training sees. The study gives no ranges: turns of up to 10 degrees, left and right exchanged in half of the images (up and
    down differ in ultrasound), and every second image one of Mosaic's."""
    return (
        use("standard/mosaic", size=size, probability=0.5),
        use("standard/letterbox", size=size),
        use("standard/rotations"),
        use("standard/flips"),
    )


def _plain(size: int) -> tuple[Use, ...]:
    """Without Mosaic and turns, which a short training has no use for."""
    return (use("standard/letterbox", size=size), use("standard/flips"))


PAPER_TRAINING = Train(
    batch=8,
    epochs=300,
    optimizers={"all": use("SGD", lr=0.01, momentum=0.9, weight_decay=5e-4)},
    schedule=use("CosineAnnealingLR", eta_min=1e-4),
    schedule_every="epoch",
    warmup=5,
    clip=35.0,  # PaddleDetection's of its networks of heatmaps, whose first steps are far too large without
    precision="auto",
    views=_seen(_SIZE),
)


def _short(steps: int, rate: float, *, size: int, batch: int, views: tuple[Use, ...], validations: int = 4) -> Mapping[str, object]:
    """A shorter training: AdamW by the one-cycle schedule."""
    return {
        "batch": batch,
        "steps": steps,
        "epochs": None,
        "optimizers": {"all": use("AdamW", lr=rate, weight_decay=0.05)},
        # Its largest rate is the optimiser's, and its length the run's.
        "schedule": use("OneCycleLR", pct_start=0.095),
        "schedule_every": "step",
        "warmup": 0,
        "validate_every": steps // validations,
        "views": views,
    }


def _scales(quick: Mapping[str, object], rate: float = 1e-3) -> dict[str, Mapping[str, object]]:
    """`quick`: minutes on one core, a small network on small images. `small`: an hour on two cores. `medium`: an hour on a GPU."""

    def scale(size: int, model: Mapping[str, object], **training: Any) -> Mapping[str, object]:
        return {"model": {"size": (size, size), **model}, "train": _short(size=size, **training)}

    return {
        "quick": scale(128, quick, steps=200, rate=rate, batch=4, views=_plain(128), validations=2),
        "small": scale(192, {}, steps=1200, rate=rate / 2, batch=4, views=_plain(192)),
        "medium": scale(_SIZE, {}, steps=6000, rate=rate / 2, batch=8, views=_seen(_SIZE), validations=20),
    }


def _method(name: str, summary: str, model: Use, *, quick: Mapping[str, object], **more: Any) -> Recipe:
    """A detector: all are trained and measured alike."""
    rate = more.pop("rate", 1e-3)
    return Recipe(
        **{
            "name": name,
            "task": "detection",
            "model": Use(model.id, {"size": (_SIZE, _SIZE), **model.params}),
            "data": DATA,
            "protocol": PROTOCOL,
            "protocols": PROTOCOLS,
            "summary": summary,
            "views": _GREY,
            "train": PAPER_TRAINING,
            "scales": _scales(quick, rate),
            "implements": (name,),
            "source": _STUDY,
            "license": "Apache-2.0",
            **more,
        }
    )


def _of_torchvision(architecture: str, **options: object) -> Use:
    return use(_TORCHVISION, architecture=architecture, options=options)


_ON_RESNET18 = {"backbone": "resnet18"}
# Average precision looks at doubtful boxes too.
_DOUBTFUL = {"score_thresh": 0.01, "detections_per_img": 100}

FASTER_RCNN = _method(
    "faster-rcnn-res50",
    "Faster R-CNN on ResNet-50 with a feature pyramid: two stages, anchors",
    _of_torchvision("fasterrcnn_resnet50_fpn", box_score_thresh=0.01, box_detections_per_img=100),
    # On small images, the thousand proposals of its second stage cost more than all else.
    quick={**_ON_RESNET18, "options": {"rpn_post_nms_top_n_train": 200, "rpn_post_nms_top_n_test": 200, "box_batch_size_per_image": 64}},
    implements=("faster-rcnn-res50", "split-8-1-1"),
)
RETINANET = _method(
    "retinanet-res50",
    "RetinaNet on ResNet-50: one stage, anchors, focal loss",
    _of_torchvision("retinanet_resnet50_fpn", **_DOUBTFUL),
    quick=_ON_RESNET18,
)
SSD_RES34 = _method("ssd-res34", "SSD on ResNet-34: one stage, anchors", use("breast/ssd", backbone="resnet34"), quick=_ON_RESNET18)
SSD_VGG16 = _method(
    "ssd-vgg16",
    "SSD on VGG-16: one stage, anchors",
    _of_torchvision("ssd300_vgg16", score_thresh=0.01, detections_per_img=100),
    quick={},
    implements=("ssd-vgg16", "vgg-backbone"),
    rate=3e-4,
)
YOLOF = _method(
    "yolof-res50",
    "YOLOF on ResNet-50: one stage, anchors on one level",
    use("breast/yolof", backbone="resnet50"),
    quick={**_ON_RESNET18, "width": 64},
    # Ten times that leaves boxes where they began.
    rate=3e-4,
)
YOLOV3_DARKNET53 = _method(
    "yolov3-darknet53",
    "YOLOv3 on DarkNet-53: one stage, anchors on three levels",
    use("breast/yolov3", backbone="darknet53"),
    quick=_ON_RESNET18,
)
YOLOV3_RES34 = _method(
    "yolov3-res34",
    "YOLOv3 on ResNet-34: one stage, anchors on three levels",
    use("breast/yolov3", backbone="resnet34"),
    quick=_ON_RESNET18,
)
CORNERNET = _method(
    "cornernet-res50",
    "CornerNet on ResNet-50: one stage, pairs of corners",
    # PaddleDetection's one configuration on ResNet-50 has its corners on a map of stride 8.
    use("breast/cornernet", backbone="resnet50", stride=8),
    quick=_ON_RESNET18,
)
FCOS = _method(
    "fcos-res50",
    "FCOS on ResNet-50: one stage, distances from every place to the box",
    _of_torchvision("fcos_resnet50_fpn", **_DOUBTFUL),
    quick=_ON_RESNET18,
)
TTFNET = _method(
    "ttfnet", "TTFNet on DarkNet-53: one stage, centres as Gaussians", use("breast/ttfnet", backbone="darknet53"), quick=_ON_RESNET18
)
YOLOX = _method(
    "yolox-m",
    "YOLOX-m: one stage, a decoupled head, boxes assigned by their cost",
    use("breast/yolox", variant="m"),
    quick={"variant": "nano"},
)

WANG = _method(
    "wang-fcos-enhancement",
    "FCOS on images whose lesions were brought out by a segmentation, after Wang",
    FCOS.model,
    quick=_ON_RESNET18,
    views=(*_GREY, use("breast/segmentation-enhancement")),
    source=f"{_STUDY}, reference 12",
)
MO = _method(
    "mo-yolov3-clustered-anchors",
    "YOLOv3 with anchors clustered from the training boxes, after Mo",
    use("breast/yolov3", backbone="darknet53", anchors="kmeans"),
    quick=_ON_RESNET18,
    source=f"{_STUDY}, reference 16",
)

BUSI_TO_BUS = _method(
    "busi-to-bus",
    "FCOS trained on one hospital's images and tested on another's: BUSI, then BUS",
    FCOS.model,
    quick=_ON_RESNET18,
    data={
        "train": Slot(folder=use("breast/busi"), embedded=DRAWN, roles=("train", "valid")),
        "test": BUS,
    },
    implements=("busi-to-bus", "experiment-generalisation"),
)

_AGPL = "AGPL-3.0-only"
YOLO11 = _method(
    "yolo11-m",
    "Ultralytics' YOLO11-m, the modern comparison; needs medai-breast[ultralytics], whose licence is the AGPL",
    use(_ULTRALYTICS, architecture="yolo11m"),
    quick={"architecture": "yolo11n"},
    implements=(),
    source="ultralytics",
    license=_AGPL,
)
RT_DETR = _method(
    "rtdetr-l",
    "Ultralytics' RT-DETR-l, the modern comparison; needs medai-breast[ultralytics], whose licence is the AGPL",
    use(_ULTRALYTICS, architecture="rtdetr-l"),
    quick={"architecture": "rtdetr-resnet50"},
    implements=(),
    source="ultralytics; Zhao et al. 2024, doi:10.1109/CVPR52733.2024.01605",
    license=_AGPL,
    rate=1e-4,
)

STUDIED = (
    FASTER_RCNN, RETINANET, SSD_RES34, SSD_VGG16, YOLOF, YOLOV3_DARKNET53, YOLOV3_RES34, CORNERNET, FCOS, TTFNET, YOLOX,
)  # fmt: skip
"""The rows of the study's tables, in its order."""

RECIPES = (*STUDIED, WANG, MO, BUSI_TO_BUS, YOLO11, RT_DETR)
