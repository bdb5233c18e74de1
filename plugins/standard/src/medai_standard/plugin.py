"""What this plugin offers. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Recipe, hookimpl
from medai_standard.dataset_specs import DATASETS
from medai_standard.model_specs import MODELS
from medai_standard.recipes import RECIPES


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return DATASETS


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    return RECIPES


@hookimpl
def medai_losses() -> tuple[LossSpec, ...]:
    return (
        LossSpec(
            name="mse", target="medai_standard.losses:MeanSquaredError", summary="mean squared difference", license="Apache-2.0",
        ),
        LossSpec(
            name="l1", target="medai_standard.losses:MeanAbsoluteError", summary="mean absolute difference", license="Apache-2.0",
        ),
        LossSpec(
            name="smooth-l1",
            target="medai_standard.losses:SmoothL1",
            summary="squared below beta, absolute above",
            license="Apache-2.0",
            source="Girshick 2015, doi:10.1109/ICCV.2015.169",
        ),
        LossSpec(
            name="huber",
            target="medai_standard.losses:Huber",
            summary="squared below delta, absolute above, with the slope delta",
            license="Apache-2.0",
            source="Huber 1964, doi:10.1214/aoms/1177703732",
        ),
        LossSpec(
            name="cross-entropy",
            target="medai_standard.losses:CrossEntropy",
            summary="cross-entropy of logits and classes, of images, pixels or voxels, with class weights and label smoothing",
            license="Apache-2.0",
        ),
        LossSpec(
            name="bce",
            target="medai_standard.losses:BinaryCrossEntropy",
            summary="binary cross-entropy of one logit, or of several that do not exclude one another",
            license="Apache-2.0",
        ),
        LossSpec(
            name="focal",
            target="medai_standard.losses:Focal",
            summary="cross-entropy that counts less what is already sure",
            license="Apache-2.0",
            source="Lin et al. 2017, doi:10.1109/ICCV.2017.324",
        ),
        LossSpec(
            name="dice",
            target="medai_standard.losses_overlap:Dice",
            summary="one minus the Dice coefficient of soft regions",
            license="Apache-2.0",
            source="Milletari et al. 2016, doi:10.1109/3DV.2016.79",
        ),
        LossSpec(
            name="smp-loss",
            target="medai_standard.losses_overlap:OverlapLoss",
            summary="segmentation-models-pytorch by name: dice, jaccard, tversky, lovasz, focal, mcc, soft-cross-entropy",
            license="MIT",
            source="https://github.com/qubvel-org/segmentation_models.pytorch",
            example={"loss": "dice"},
        ),
        LossSpec(
            name="sum",
            target="medai_standard.losses:Sum",
            summary="a weighted sum of losses, each logged by name",
            license="Apache-2.0",
        ),
    )  # fmt: skip


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return MODELS


@hookimpl
def medai_metrics() -> tuple[MetricSpec, ...]:
    return (
        MetricSpec(
            name="torchmetrics",
            target="medai_standard.metrics:TorchMetric",
            summary="any metric of torchmetrics by its name, for every task",
            license="Apache-2.0",
            source="Detlefsen et al. 2022, doi:10.21105/joss.04101",
            example={"metric": "StructuralSimilarityIndexMeasure", "label": "ssim", "options": {"data_range": 1.0}},
        ),
    )


@hookimpl
def medai_exporters() -> tuple[ExporterSpec, ...]:
    return (
        ExporterSpec(
            name="predictions",
            target="medai_standard.exporters.predictions:Predictions",
            summary="every prediction in a file of its kind, and a table of them",
            license="Apache-2.0",
        ),
        ExporterSpec(
            name="dicom-series",
            target="medai_standard.exporters.dicom_series:DicomSeries",
            summary="images as derived DICOM series in the place of their source",
            license="Apache-2.0",
        ),
        ExporterSpec(
            name="dicom-seg",
            target="medai_standard.exporters.dicom_seg:DicomSeg",
            summary="masks as DICOM segmentations that refer to their source",
            license="Apache-2.0",
            needs=("highdicom: pip install 'medai-standard[dicom]'",),
        ),
        ExporterSpec(
            name="dicom-sr",
            target="medai_standard.exporters.dicom_sr:DicomSr",
            summary="boxes, class probabilities and numbers as DICOM measurement reports (TID 1500)",
            license="Apache-2.0",
            needs=("highdicom: pip install 'medai-standard[dicom]'",),
        ),
        ExporterSpec(
            name="nifti",
            target="medai_standard.exporters.images:Nifti",
            summary="images and masks as NIfTI on their input's grid",
            license="Apache-2.0",
        ),
        ExporterSpec(
            name="nrrd",
            target="medai_standard.exporters.images:Nrrd",
            summary="images and masks as NRRD on their input's grid",
            license="Apache-2.0",
        ),
        ExporterSpec(
            name="png",
            target="medai_standard.exporters.images:Png",
            summary="planes of images and masks as PNG, in a window of values",
            license="Apache-2.0",
        ),
        ExporterSpec(
            name="coco-json",
            target="medai_standard.exporters.coco:CocoJson",
            summary="boxes and planar masks as COCO's images and results",
            license="Apache-2.0",
            known_failures={"exporter.can-be-read-back": "COCO counts in pixels and has no place in the patient"},
        ),
        ExporterSpec(
            name="yolo-text",
            target="medai_standard.exporters.yolo:YoloText",
            summary="boxes as YOLO's text files, a file for each picture",
            task="detection",
            license="Apache-2.0",
        ),
        ExporterSpec(
            name="csv",
            target="medai_standard.exporters.table:Csv",
            summary="probabilities, numbers, clusters, boxes, sizes of masks and base pairs in one CSV table",
            license="Apache-2.0",
            known_failures={"exporter.can-be-read-back": "of a mask it writes the sizes, not the image"},
        ),
        ExporterSpec(
            name="onnx",
            target="medai_standard.exporters.onnx_model:Onnx",
            summary="one ONNX file: physical units in, the final answer out, for onnxruntime and others",
            license="Apache-2.0",
            needs=("onnx",),
            of="model",
        ),
        ExporterSpec(
            name="torch-export",
            target="medai_standard.exporters.torch_export:TorchExport",
            summary="a .pt2 file of torch.export, which torch runs without the model's code",
            license="Apache-2.0",
            of="model",
        ),
        ExporterSpec(
            name="skops",
            target="medai_standard.exporters.skops_file:Skops",
            summary="a fitted estimator of scikit-learn as a skops file, with what is needed to build the model again",
            license="Apache-2.0",
            of="model",
        ),
        ExporterSpec(
            name="safetensors",
            target="medai_standard.exporters.safetensors:Safetensors",
            summary="weights as safetensors, with what is needed to build the model again",
            license="Apache-2.0",
            of="model",
        ),
    )
