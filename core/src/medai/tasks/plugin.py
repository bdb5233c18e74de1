"""The core's own tasks, views and metrics, declared through the hooks that every plugin uses. This module is light."""

from __future__ import annotations

from pathlib import Path

from medai.api import DatasetSpec, MetricSpec, ModelSpec, TaskSpec, hookimpl

_SAMPLE = Path(__file__).parent.parent / "_engine" / "sample_network.py"


@hookimpl
def medai_tasks() -> tuple[TaskSpec, ...]:
    return (
        TaskSpec(
            name="classification",
            target="medai.tasks.classification:Classification",
            license="Apache-2.0",
            summary="which of n classes an image, a volume or a row of a table belongs to",
            inputs=("image", "row"),
        ),
        TaskSpec(
            name="detection",
            target="medai.tasks.detection:Detection",
            license="Apache-2.0",
            summary="boxes with classes and scores in an image",
            inputs=("image",),
        ),
        TaskSpec(
            name="segmentation",
            target="medai.tasks.segmentation:Segmentation",
            license="Apache-2.0",
            summary="which structure each pixel of an image, or each voxel of a volume, belongs to",
            inputs=("image",),
        ),
        TaskSpec(
            name="regression",
            target="medai.tasks.regression:Regression",
            license="Apache-2.0",
            summary="one number or several for an image, a volume or a row of a table",
            inputs=("image", "row"),
        ),
        TaskSpec(
            name="clustering",
            target="medai.tasks.clustering:Clustering",
            license="Apache-2.0",
            summary="which images, volumes or rows of a table are alike, found without their classes",
            inputs=("image", "row"),
        ),
        TaskSpec(
            name="base-pairing",
            target="medai.tasks.pairing:BasePairing",
            license="Apache-2.0",
            summary="which bases of a sequence pair with one another",
            inputs=("sequence",),
        ),
        TaskSpec(
            name="restoration",
            target="medai.tasks.restoration:Restoration",
            license="Apache-2.0",
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
            license="Apache-2.0",
            summary="keeps the source's samples in memory, the same in every epoch (a view)",
        ),
    )


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return (
        ModelSpec(
            name="network-file",
            target="medai._engine.guests:network_from_file",
            license="Apache-2.0",
            summary="a network that a Python file defines, before it has a plugin; the file is run",
            example={"file": str(_SAMPLE), "name": "Sample"},
        ),
        ModelSpec(
            name="answers",
            target="medai._engine.guests:Answers",
            license="Apache-2.0",
            task="restoration",
            summary="images that another program predicted, a file per case, to be measured as a model's are",
        ),
    )


@hookimpl
def medai_metrics() -> tuple[MetricSpec, ...]:
    return (
        MetricSpec(
            name="accuracy",
            target="medai.tasks.classification:Accuracy",
            license="Apache-2.0",
            task="classification",
            summary="the share of cases whose most probable class is theirs",
        ),
        MetricSpec(
            name="auc",
            target="medai.tasks.classification:AreaUnderCurve",
            license="Apache-2.0",
            task="classification",
            summary="area under the ROC curve",
            source="Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747",
        ),
        MetricSpec(
            name="average-precision",
            target="medai.tasks.detection:AveragePrecision",
            license="Apache-2.0",
            task="detection",
            summary="COCO's AP over IoU 0.50 to 0.95, and AP50",
            source="Lin et al. 2014, doi:10.1007/978-3-319-10602-1_48",
        ),
        MetricSpec(
            name="dice",
            target="medai.tasks.segmentation:Dice",
            license="Apache-2.0",
            task="segmentation",
            summary="Dice's coefficient of each class and its mean, over cases or pooled",
            source="Dice 1945, doi:10.2307/1932409",
        ),
        MetricSpec(
            name="iou",
            target="medai.tasks.segmentation:Iou",
            license="Apache-2.0",
            task="segmentation",
            summary="intersection over union of each class and its mean, over cases or pooled",
        ),
        MetricSpec(
            name="surface-distance",
            target="medai.tasks.segmentation:SurfaceDistance",
            license="Apache-2.0",
            task="segmentation",
            summary="95 % Hausdorff distance and mean distance of surfaces, in mm where the spacing is known",
            source="Huttenlocher et al. 1993, doi:10.1109/34.232073",
        ),
        MetricSpec(
            name="mae",
            target="medai.tasks.regression:MeanAbsoluteError",
            license="Apache-2.0",
            task="regression",
            summary="mean absolute error of numbers, in their unit",
        ),
        MetricSpec(
            name="rmse-of-values",
            target="medai.tasks.regression:RootMeanSquaredError",
            license="Apache-2.0",
            task="regression",
            summary="root of the mean squared error of numbers, in their unit",
        ),
        MetricSpec(
            name="r2",
            target="medai.tasks.regression:RSquared",
            license="Apache-2.0",
            task="regression",
            summary="coefficient of determination of numbers",
        ),
        MetricSpec(
            name="adjusted-rand",
            target="medai.tasks.clustering:AdjustedRand",
            license="Apache-2.0",
            task="clustering",
            summary="the adjusted Rand index of clusters and classes",
            source="Hubert and Arabie 1985, doi:10.1007/BF01908075",
        ),
        MetricSpec(
            name="clustering-accuracy",
            target="medai.tasks.clustering:ClusteringAccuracy",
            license="Apache-2.0",
            task="clustering",
            summary="accuracy when clusters are matched with classes in the best way",
            source="Kuhn 1955, doi:10.1002/nav.3800020109",
        ),
        MetricSpec(
            name="normalized-mutual-information",
            target="medai.tasks.clustering:NormalizedMutualInformation",
            license="Apache-2.0",
            task="clustering",
            summary="mutual information of clusters and classes over the mean of their entropies",
            source="Strehl and Ghosh 2002, JMLR 3, 583",
        ),
        MetricSpec(
            name="pair-scores",
            target="medai.tasks.pairing:PairScores",
            license="Apache-2.0",
            task="base-pairing",
            summary="F1, precision and recall of base pairs",
        ),
        MetricSpec(
            name="psnr",
            target="medai.tasks.restoration:Psnr",
            license="Apache-2.0",
            task="restoration",
            summary="peak signal-to-noise ratio in dB, in a window of values",
        ),
        MetricSpec(
            name="ssim",
            target="medai.tasks.restoration:Ssim",
            license="Apache-2.0",
            task="restoration",
            summary="structural similarity, in a window of values",
            source="Wang et al. 2004, doi:10.1109/TIP.2003.819861",
        ),
        MetricSpec(
            name="rmse",
            target="medai.tasks.restoration:Rmse",
            license="Apache-2.0",
            task="restoration",
            summary="root of the mean squared error in the image's unit, in a window of values",
        ),
        MetricSpec(
            name="parameters",
            target="medai._bench.metrics:ParameterCount",
            license="Apache-2.0",
            summary="parameters of a torch module, all and those that are trained",
            of="model",
        ),
        MetricSpec(
            name="macs",
            target="medai._bench.metrics:Macs",
            license="Apache-2.0",
            summary="multiply-accumulate operations of one answer, for a size of input",
            example={"size": (32,)},
            of="model",
        ),
        MetricSpec(
            name="latency",
            target="medai._bench.metrics:Latency",
            license="Apache-2.0",
            summary="milliseconds of one answer on this machine, median and quartiles",
            example={"repeats": 2, "warmup": 1},
            of="model",
        ),
    )
