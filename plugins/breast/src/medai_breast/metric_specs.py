"""The study's metrics, by its names. This module is light."""

from __future__ import annotations

from medai.api import MetricSpec

_LICENSE = "Apache-2.0"
_STUDY = "Wang et al. 2024, doi:10.53941/aim.2024.100005"
_COCO = "Lin et al. 2014, doi:10.1007/978-3-319-10602-1_48"

METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(
        name="ap",
        target="medai_breast.metrics.coco:CocoFigures",
        summary="COCO's AP, AP50, AP75 and AR10 of all, by class and by size, and the recall at IoU > 0.1, with curves",
        task="detection",
        implements=("ap", "ap50", "ap75", "ar10", "map"),
        license=_LICENSE,
        source=_COCO,
        example={"classes": ("benign", "malignant")},
    ),
    MetricSpec(
        name="precision-recall",
        target="medai_breast.metrics.counting:PrecisionRecall",
        summary="precision, recall, F1 and TP per image of boxes of at least one confidence",
        task="detection",
        implements=("precision", "recall"),
        license=_LICENSE,
        source=f"{_STUDY}, eq. 2 and 3",
        example={"confidence": 0.5, "iou": 0.5},
    ),
    MetricSpec(
        name="tp-fp-fn",
        target="medai_breast.metrics.counting:FalseAndMissed",
        summary="false boxes and missed lesions per image, of boxes of at least one confidence",
        task="detection",
        implements=("tp-fp-fn",),
        license=_LICENSE,
        source=f"{_STUDY}, section 3.1",
        example={"confidence": 0.5, "iou": 0.5},
    ),
    MetricSpec(
        name="iou-box",
        target="medai_breast.metrics.counting:BoxIou",
        summary="overlap of each lesion with its best box",
        task="detection",
        implements=("iou-box",),
        license=_LICENSE,
        source=f"{_STUDY}, eq. 1",
        example={"confidence": 0.5},
    ),
    MetricSpec(
        name="froc",
        target="medai_breast.metrics.froc:Froc",
        summary="sensitivity at 1/8 to 8 false boxes per image, and their mean, with the curve",
        task="detection",
        license=_LICENSE,
        source="Chakraborty 1989, doi:10.1118/1.596358",
        example={"iou": 0.5},
    ),
    MetricSpec(
        name="fps",
        target="medai_breast.metrics.speed:FramesPerSecond",
        summary="images per second, one at a time, and milliseconds of each stage: what tables draw AP against",
        task="detection",
        implements=("fps", "ap-fps-plot"),
        license=_LICENSE,
        source=f"{_STUDY}, section 3.1",
        example={"size": 64, "repeats": 2},
        of="model",
    ),
)
