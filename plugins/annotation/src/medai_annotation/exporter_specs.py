"""What a department gets of a folder of images. This module is light."""

from __future__ import annotations

from medai.api import ExporterSpec

EXPORTERS: tuple[ExporterSpec, ...] = (
    ExporterSpec(
        name="cleaned",
        target="medai_annotation.exporters:CleanedImages",
        summary="images without the annotation, its mask, and a table that says which image bears one; private regions made coarse",
        task="restoration",
        inputs=("image",),
        license="Apache-2.0",
        source="Zhang et al. 2024, doi:10.53941/aim.2024.100004, sections 3 and 3.1",
        implements=("pixelise-personal-data",),
        example={"whole": True},
    ),
)
