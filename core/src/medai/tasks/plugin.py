"""The core's own tasks, views and metrics, declared through the hooks that every plugin uses. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, MetricSpec, TaskSpec, hookimpl


@hookimpl
def medai_tasks() -> tuple[TaskSpec, ...]:
    return (
        TaskSpec(
            name="classification",
            target="medai.tasks.classification:Classification",
            summary="which of n classes an image, a volume or a row of a table belongs to",
            inputs=("image", "row"),
        ),
        TaskSpec(
            name="detection",
            target="medai.tasks.detection:Detection",
            summary="boxes with classes and scores in an image",
            inputs=("image",),
        ),
        TaskSpec(
            name="base-pairing",
            target="medai.tasks.pairing:BasePairing",
            summary="which bases of a sequence pair with one another",
            inputs=("sequence",),
        ),
        TaskSpec(
            name="restoration",
            target="medai.tasks.restoration:Restoration",
            summary="an image or a volume as it would be without noise, marks or missing measurements",
            inputs=("image",),
        ),
    )


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return (
        DatasetSpec(
            name="cached",
            target="medai.tasks.views:Cached",
            summary="keeps the source's samples in memory, the same in every epoch (a view)",
        ),
    )


@hookimpl
def medai_metrics() -> tuple[MetricSpec, ...]:
    return (
        MetricSpec(
            name="accuracy",
            target="medai.tasks.classification:Accuracy",
            task="classification",
            summary="the share of cases whose most probable class is theirs",
        ),
        MetricSpec(
            name="auc",
            target="medai.tasks.classification:AreaUnderCurve",
            task="classification",
            summary="area under the ROC curve",
            source="Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747",
        ),
        MetricSpec(
            name="average-precision",
            target="medai.tasks.detection:AveragePrecision",
            task="detection",
            summary="COCO's AP over IoU 0.50 to 0.95, and AP50",
            source="Lin et al. 2014, doi:10.1007/978-3-319-10602-1_48",
        ),
        MetricSpec(
            name="pair-scores",
            target="medai.tasks.pairing:PairScores",
            task="base-pairing",
            summary="F1, precision and recall of base pairs",
        ),
        MetricSpec(
            name="psnr",
            target="medai.tasks.restoration:Psnr",
            task="restoration",
            summary="peak signal-to-noise ratio in dB, in a window of values",
        ),
        MetricSpec(
            name="ssim",
            target="medai.tasks.restoration:Ssim",
            task="restoration",
            summary="structural similarity, in a window of values",
            source="Wang et al. 2004, doi:10.1109/TIP.2003.819861",
        ),
        MetricSpec(
            name="rmse",
            target="medai.tasks.restoration:Rmse",
            task="restoration",
            summary="root of the mean squared error in the image's unit, in a window of values",
        ),
    )
