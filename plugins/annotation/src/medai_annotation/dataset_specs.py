"""Clean ultrasound images, and views that draw annotations over them. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec

_STUDY = "Zhang et al. 2024, doi:10.53941/aim.2024.100004"
_SYNTHESIS = f"{_STUDY}, section 3.1 and Figure 2"
_SOME_WITHOUT = {"absent": 0.25, "other": 0.25}

DATASETS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="body-marker",
        target="medai_annotation.datasets.overlays:BodyMarker",
        summary="view: body markers drawn over clean images, within 20 % of an edge; for Noise2Noise, Noise2Clean, masks and boxes",
        inputs=("image",),
        license="Apache-2.0",
        source=_SYNTHESIS,
        implements=("annotation-icon-library", "body-marker-n2n-set"),
        example=_SOME_WITHOUT,
    ),
    DatasetSpec(
        name="radial-line",
        target="medai_annotation.datasets.overlays:RadialLine",
        summary="view: pairs of connected crosses drawn over clean images, around a lesion; for Noise2Noise, Noise2Clean, masks and boxes",
        inputs=("image",),
        license="Apache-2.0",
        source=_SYNTHESIS,
        implements=("radial-line-n2n-set",),
        example=_SOME_WITHOUT,
    ),
    DatasetSpec(
        name="vascular-flow",
        target="medai_annotation.datasets.overlays:VascularFlow",
        summary="view: boxes of flow measurements drawn over clean images; for Noise2Noise, Noise2Clean, masks and boxes",
        inputs=("image",),
        license="Apache-2.0",
        source=_SYNTHESIS,
        implements=("vascular-flow-n2n-set",),
        example=_SOME_WITHOUT,
    ),
    DatasetSpec(
        name="all-kinds",
        target="medai_annotation.datasets.overlays:AllKinds",
        summary="view: body markers, radial lines and flow boxes drawn over clean images, one or several on each",
        inputs=("image",),
        license="Apache-2.0",
        source=_SYNTHESIS,
        example={"absent": 0.25},
    ),
)
