"""The study's networks, by its names. This module is light."""

from __future__ import annotations

from medai.api import ModelSpec

MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="costumed-unet",
        target="medai_annotation.models.costumed_unet:CostumedUNet",
        summary="the study's U-Net: five levels that share blocks, the image handed across to the last",
        task="restoration",
        inputs=("image",),
        license="Apache-2.0",
        source="Zhang et al. 2024, doi:10.53941/aim.2024.100004, Table 1; Lehtinen et al. 2018, arXiv:1803.04189",
    ),
)
