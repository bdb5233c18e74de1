"""What this plugin offers. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Recipe, hookimpl, use
from medai_standard.recipes import RECIPES

_SMALL_UNET: dict[str, object] = {"encoder": "resnet18", "encoder_depth": 3, "options": {"decoder_channels": [32, 16, 8]}}


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return (
        DatasetSpec(
            name="table",
            target="medai_standard.datasets.tables:LabelledTable",
            summary="a CSV file with a row per case and a column with the class",
            inputs=("row",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="table-of-values",
            target="medai_standard.datasets.tables:TableOfValues",
            summary="a CSV file with a row per case and columns of values to predict",
            task="regression",
            inputs=("row",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="bundled-table",
            target="medai_standard.datasets.tables:BundledTable",
            summary="a real table that scikit-learn brings along: breast cancer cells, wine, diabetes",
            inputs=("row",),
            license="CC-BY-4.0",
            source="Wolberg et al. 1995, doi:10.24432/C5DW2B; Aeberhard and Forina 1991, doi:10.24432/C5PC7J; Efron et al. 2004",
        ),
        DatasetSpec(
            name="labelled-images",
            target="medai_standard.datasets.labelled:LabelledImages",
            summary="images with a class each: images/ and labels.csv, or a folder per class",
            task="classification",
            inputs=("image",),
            source="the user's own",
        ),
        DatasetSpec(
            name="measured-images",
            target="medai_standard.datasets.labelled:MeasuredImages",
            summary="images with numbers to predict: images/ and labels.csv",
            task="regression",
            inputs=("image",),
            source="the user's own",
        ),
        DatasetSpec(
            name="masked-images",
            target="medai_standard.datasets.masked:MaskedImages",
            summary="images or volumes with masks: images/ and masks/",
            task="segmentation",
            inputs=("image",),
            source="the user's own",
        ),
        DatasetSpec(
            name="coco",
            target="medai_standard.datasets.coco:Coco",
            summary="images with boxes: images/ and annotations.json as COCO has it",
            task="detection",
            inputs=("image",),
            source="the user's own; Lin et al. 2014, doi:10.1007/978-3-319-10602-1_48",
        ),
        DatasetSpec(
            name="yolo-text",
            target="medai_standard.datasets.yolo:YoloText",
            summary="images with boxes: images/, labels/*.txt and classes.txt as YOLO's tools have them",
            task="detection",
            inputs=("image",),
            source="the user's own",
        ),
        DatasetSpec(
            name="image-pairs",
            target="medai_standard.datasets.pairs:ImagePairs",
            summary="images as they are and as they should be: images/ and clean/, or images/ alone, to which noise is added",
            task="restoration",
            inputs=("image",),
            source="the user's own",
        ),
        DatasetSpec(
            name="scenes",
            target="medai_standard.datasets.scenes:Scenes",
            summary="generated ultrasound-like pictures with lesions of two kinds, for any task of images; the same for the same seed",
            inputs=("image",),
            license="Apache-2.0",
            source="drawn by this plugin; no patient behind it",
        ),
        DatasetSpec(
            name="letterbox",
            target="medai_standard.views.letterbox:Letterbox",
            summary="view: images of one size, in proportion",
            inputs=("image",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="flips",
            target="medai_standard.views.flips:Flips",
            summary="view: images turned about at random",
            inputs=("image",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="rotations",
            target="medai_standard.views.rotations:Rotations",
            summary="view: images turned by a small random angle",
            inputs=("image",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="crops",
            target="medai_standard.views.crops:Crops",
            summary="view: a random part of each image",
            inputs=("image",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="patches",
            target="medai_standard.views.crops:Patches",
            summary="view: random square patches of each image at its own resolution",
            inputs=("image",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="intensity",
            target="medai_standard.views.intensity:Intensity",
            summary="view: contrast and brightness at random",
            inputs=("image",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="noise",
            target="medai_standard.views.intensity:Noise",
            summary="view: Gaussian noise over the input",
            inputs=("image",),
            license="Apache-2.0",
        ),
        DatasetSpec(
            name="channels",
            target="medai_standard.views.intensity:Channels",
            summary="view: coloured images as grey ones, or the other way",
            inputs=("image",),
            license="Apache-2.0",
        ),
    )


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
    return (
        ModelSpec(
            name="input",
            target="medai_standard.models.input:Input",
            summary="baseline: the input itself as the answer",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
        ),
        ModelSpec(
            name="non-local-means",
            target="medai_standard.models.nonlocal_means:NonLocalMeans",
            summary="baseline: scikit-image's non-local means, its strength tuned on training cases",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="Buades et al. 2005, doi:10.1109/CVPR.2005.38",
            devices=("cpu",),
        ),
        ModelSpec(
            name="wavelets",
            target="medai_standard.models.wavelets:Wavelets",
            summary="baseline: scikit-image's wavelet shrinkage (BayesShrink, VisuShrink), tuned on training cases",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="Chang et al. 2000, doi:10.1109/83.862633; Donoho and Johnstone 1994, doi:10.1093/biomet/81.3.425",
            devices=("cpu",),
        ),
        ModelSpec(
            name="bm3d",
            target="medai_standard.models.bm3d_model:Bm3d",
            summary="baseline: BM3D by its authors' package (non-commercial use alone), tuned on training cases",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0 AND LicenseRef-BM3D-Non-Commercial",
            source="Dabov et al. 2007, doi:10.1109/TIP.2007.901238; Mäkinen et al. 2020, doi:10.1109/TIP.2020.3014721",
            needs=(
                "bm3d, whose licence allows non-commercial use alone, so installed only when asked for: pip install 'medai-standard[bm3d]'",
            ),
            devices=("cpu",),
        ),
        ModelSpec(
            name="standardised-values",
            target="medai_standard.models.standardised:StandardisedValues",
            summary="a network of values of any unit: it learns them with mean 0 and deviation 1",
            task="regression",
            inputs=("image",),
            license="Apache-2.0",
            example={"network": use("standard/timm", architecture="test_resnet", classes=1)},
        ),
        ModelSpec(
            name="tiled",
            target="medai_standard.models.tiled:Tiled",
            summary="a model within, which trains as it does alone and answers large images in tiles that overlap, flipped or not",
            inputs=("image",),
            license="Apache-2.0",
            example={"model": use("standard/image-to-image", **_SMALL_UNET), "tile": 48},
        ),
        ModelSpec(
            name="timm",
            target="medai_standard.models.timm_models:Timm",
            summary="any classifier of timm by name, for classes or for values (tasks classification, regression)",
            inputs=("image",),
            license="Apache-2.0",
            source="Wightman 2019, doi:10.5281/zenodo.4414861",
            example={"architecture": "test_resnet"},
        ),
        ModelSpec(
            name="segmentation-models-pytorch",
            target="medai_standard.models.smp_models:Segmenter",
            summary="segmentation-models-pytorch by architecture and encoder: Unet, FPN, DeepLabV3+, Segformer ...",
            task="segmentation",
            inputs=("image",),
            license="MIT",
            source="Iakubovskii 2019, https://github.com/qubvel-org/segmentation_models.pytorch",
            example=_SMALL_UNET,
        ),
        ModelSpec(
            name="image-to-image",
            target="medai_standard.models.smp_models:ImageToImage",
            summary="a network of segmentation-models-pytorch whose answer is added to its input",
            task="restoration",
            inputs=("image",),
            license="MIT",
            source="Iakubovskii 2019, https://github.com/qubvel-org/segmentation_models.pytorch",
            example=_SMALL_UNET,
        ),
        ModelSpec(
            name="torchvision-classification",
            target="medai_standard.models.torchvision_models:Classifier",
            summary="any classifier of torchvision by name, for classes or for values (tasks classification, regression)",
            inputs=("image",),
            license="BSD-3-Clause",
            source="https://github.com/pytorch/vision",
            example={"architecture": "shufflenet_v2_x0_5"},
        ),
        ModelSpec(
            name="torchvision-segmentation",
            target="medai_standard.models.torchvision_models:Segmenter",
            summary="torchvision by name: FCN, DeepLabV3, LR-ASPP",
            task="segmentation",
            inputs=("image",),
            license="BSD-3-Clause",
            source="https://github.com/pytorch/vision",
            example={"architecture": "lraspp_mobilenet_v3_large"},
        ),
        ModelSpec(
            name="torchvision-detection",
            target="medai_standard.models.torchvision_detection:TorchvisionDetector",
            summary="torchvision by name: Faster R-CNN, RetinaNet, FCOS, SSD, SSDlite",
            task="detection",
            inputs=("image",),
            license="BSD-3-Clause",
            source="https://github.com/pytorch/vision",
            example={"architecture": "fcos_resnet50_fpn", "backbone": "resnet18", "classes": 2},
        ),
        ModelSpec(
            name="ultralytics",
            target="medai_standard.models.ultralytics_models:Ultralytics",
            summary="YOLO and RT-DETR of ultralytics (AGPL-3.0) by name, trained in medai's own loop",
            task="detection",
            inputs=("image",),
            license="AGPL-3.0-only",
            source="https://github.com/ultralytics/ultralytics",
            needs=("ultralytics, which is AGPL-3.0, so installed only when asked for: pip install 'medai-standard[ultralytics]'",),
            example={"classes": 2},
        ),
        ModelSpec(
            name="sklearn-classifier",
            target="medai_standard.models.estimators:Classifier",
            summary="any classifier of scikit-learn behind a pipeline of its transformers, with a grid to choose from",
            task="classification",
            inputs=("row", "image"),
            license="BSD-3-Clause",
            source="Pedregosa et al. 2011, JMLR 12, 2825",
            devices=("cpu",),
        ),
        ModelSpec(
            name="sklearn-regressor",
            target="medai_standard.models.estimators:Regressor",
            summary="any regressor of scikit-learn behind a pipeline of its transformers, with a grid to choose from",
            task="regression",
            inputs=("row", "image"),
            license="BSD-3-Clause",
            source="Pedregosa et al. 2011, JMLR 12, 2825",
            devices=("cpu",),
        ),
        ModelSpec(
            name="sklearn-clusterer",
            target="medai_standard.models.estimators:Clusterer",
            summary="any clustering of scikit-learn behind a pipeline of its transformers",
            task="clustering",
            inputs=("row", "image"),
            license="BSD-3-Clause",
            source="Pedregosa et al. 2011, JMLR 12, 2825",
            devices=("cpu",),
        ),
    )


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
