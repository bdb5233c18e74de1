"""The study's networks, by its names. This module is light."""

from __future__ import annotations

from medai.api import ModelSpec


def _network(name: str, target: str, summary: str, source: str, implements: tuple[str, ...] = (), **example: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        target=f"medai_annotation.models.{target}",
        summary=summary,
        task="restoration",
        inputs=("image",),
        license="Apache-2.0",
        source=source,
        implements=implements,
        example=example,
    )


MODELS: tuple[ModelSpec, ...] = (
    _network(
        "costumed-unet",
        "costumed_unet:CostumedUNet",
        "the study's U-Net: five levels that share blocks, the image handed across to the last",
        "Zhang et al. 2024, doi:10.53941/aim.2024.100004, Table 1; Lehtinen et al. 2018, arXiv:1803.04189",
        implements=("smn-normalisation", "linear-normalisation"),
        normalisation="smn",
    ),
    _network(
        "unet-vanilla",
        "vanilla_unet:VanillaUNet",
        "the first U-Net, its convolutions padded so that the answer has the image's size",
        "Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28",
        filters=8,
        depth=3,
    ),
    _network(
        "multiresunet",
        "multiresunet:MultiResUNet",
        "MultiResUNet: blocks of three scales, convolutions with residuals along the way across",
        "Ibtehaz and Rahman 2020, doi:10.1016/j.neunet.2019.08.025",
        filters=8,
        normalisation="smn",
    ),
    _network(
        "manet-linear-attention",
        "linear_attention:LinearAttentionMANet",
        "the MANet that the study cites: kernel attention over places and attention over channels at each stage of a ResNet",
        "Li et al. 2022, doi:10.1109/TGRS.2021.3093977",
        encoder="resnet18",
    ),
    _network(
        "fcn-101",
        "of_libraries:Fcn",
        "torchvision's FCN on a ResNet-101, its answer an image",
        "Long et al. 2015, doi:10.1109/CVPR.2015.7298965",
        backbone="mobilenet_v3_large",
        normalisation="smn",  # as the study's Table 2 has it
    ),
    _network(
        "deeplabv3",
        "of_libraries:DeepLabV3",
        "torchvision's DeepLabV3 on a ResNet-101, its answer an image",
        "Chen et al. 2017, arXiv:1706.05587",
        backbone="mobilenet_v3_large",
    ),
    _network(
        "linknet",
        "of_libraries:LinkNet",
        "segmentation-models-pytorch's LinkNet on a ResNet-34, its answer an image",
        "Chaurasia and Culurciello 2017, arXiv:1707.03718",
        encoder="resnet18",
    ),
    _network(
        "manet",
        "of_libraries:MANet",
        "segmentation-models-pytorch's multi-scale attention net on a ResNet-34, its answer an image",
        "Fan et al. 2020, doi:10.1109/ACCESS.2020.3025372",
        encoder="resnet18",
    ),
    _network(
        "unet-plus-plus",
        "of_libraries:UNetPlusPlus",
        "segmentation-models-pytorch's U-Net++ on a ResNet-34, its answer an image",
        "Zhou et al. 2018, doi:10.1007/978-3-030-00889-5_1",
        encoder="timm-mobilenetv3_small_minimal_100",
    ),
    _network(
        "one-for-all",
        "one_for_all:OneForAll",
        "the study's U-Net for all annotations at once, with a second head that says which of them there is",
        "Zhang et al. 2024, doi:10.53941/aim.2024.100004, named there as what is missing",
    ),
)
