"""The study's networks that no library has. This module is light."""

from __future__ import annotations

from medai.api import ModelSpec

MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="ssd",
        target="medai_breast.models.ssd:Ssd",
        summary="SSD on a ResNet: default boxes on six maps, hard negatives",
        task="detection",
        inputs=("image",),
        license="Apache-2.0",
        source="Liu et al. 2016, doi:10.1007/978-3-319-46448-0_2; laid out as in PaddleDetection",
        example={"backbone": "resnet18", "classes": 2},
    ),
    ModelSpec(
        name="yolov3",
        target="medai_breast.models.yolov3:YoloV3",
        summary="YOLOv3 on DarkNet-53 or a ResNet: objectness and three anchors at three scales, given or clustered",
        task="detection",
        inputs=("image",),
        license="Apache-2.0",
        source="Redmon and Farhadi 2018, arXiv:1804.02767; losses and neck as in PaddleDetection",
        example={"backbone": "resnet18", "classes": 2, "anchors": "kmeans"},
    ),
    ModelSpec(
        name="yolox",
        target="medai_breast.models.yolox:Yolox",
        summary="YOLOX from nano to x: no anchors, decoupled heads, SimOTA",
        task="detection",
        inputs=("image",),
        license="Apache-2.0",
        source="Ge et al. 2021, arXiv:2107.08430",
        example={"variant": "nano", "classes": 2},
    ),
    ModelSpec(
        name="yolof",
        target="medai_breast.models.yolof:YOLOF",
        summary="YOLOF on a ResNet: one map of stride 32, a dilated encoder, uniform matching, implicit objectness",
        task="detection",
        inputs=("image",),
        license="Apache-2.0",
        source="Chen et al. 2021, arXiv:2103.09460",
        implements=("resnet-backbone",),
        example={"backbone": "resnet18", "width": 64, "classes": 2},
    ),
    ModelSpec(
        name="ttfnet",
        target="medai_breast.models.ttfnet:TTFNet",
        summary="TTFNet on DarkNet-53: a heatmap of centres, boxes learnt under Gaussians, no suppression of doubles",
        task="detection",
        inputs=("image",),
        license="Apache-2.0",
        source="Liu et al. 2020, arXiv:1909.00700; neck as in PaddleDetection",
        implements=("darknet-backbone",),
        example={"backbone": "resnet18", "classes": 2},
    ),
    ModelSpec(
        name="cornernet",
        target="medai_breast.models.cornernet:CornerNet",
        summary="CornerNet on a ResNet: boxes as pairs of corners, found by corner pooling and paired by their embeddings",
        task="detection",
        inputs=("image",),
        license="Apache-2.0",
        source="Law and Deng 2018, doi:10.1007/978-3-030-01264-9_45",
        example={"backbone": "resnet18", "stride": 8, "classes": 2},
    ),
)
