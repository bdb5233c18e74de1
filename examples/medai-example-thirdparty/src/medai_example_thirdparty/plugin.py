"""What this plugin offers. This module is light: it imports the standard library and medai.api alone."""

from __future__ import annotations

from medai.api import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Recipe, Table, hookimpl

from medai_example_thirdparty.recipes import RECIPES
from medai_example_thirdparty.tables import TABLES


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return (
        DatasetSpec(
            name="contours",
            target="medai_example_thirdparty.datasets.contours:Contours",
            summary="a folder per patient, a picture and its outline as text for each view",
            task="segmentation",
            inputs=("image",),
            license="MIT",
            source="the user's own",
        ),
        DatasetSpec(
            name="drawn",
            target="medai_example_thirdparty.datasets.drawn:Drawn",
            summary="generated radiographs of a breast's outline, the same for the same seed",
            task="segmentation",
            inputs=("image",),
            license="MIT",
            source="drawn by this plugin; no patient behind it",
        ),
        DatasetSpec(
            name="gamma",
            target="medai_example_thirdparty.views:Gamma",
            summary="view: pictures brighter or darker at random, black and white staying where they are",
            inputs=("image",),
            license="MIT",
        ),
    )


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return (
        ModelSpec(
            name="boundary-net",
            target="medai_example_thirdparty.models.boundary_net:BoundaryNet",
            summary="dilated convolutions at full resolution, one logit a pixel",
            task="segmentation",
            inputs=("image",),
            license="MIT",
            source="after Yu and Koltun 2016, arXiv:1511.07122",
        ),
        ModelSpec(
            name="otsu",
            target="medai_example_thirdparty.models.otsu:Otsu",
            summary="Otsu's threshold: what is brighter is tissue; learns nothing",
            task="segmentation",
            inputs=("image",),
            license="MIT",
            source="Otsu 1979, doi:10.1109/TSMC.1979.4310076",
        ),
    )


@hookimpl
def medai_losses() -> tuple[LossSpec, ...]:
    return (
        LossSpec(
            name="edge-weighted",
            target="medai_example_thirdparty.losses:EdgeWeighted",
            summary="binary cross-entropy in which pixels near the reference's boundary count more",
            task="segmentation",
            license="MIT",
            source="after Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28, equation 2",
        ),
    )


@hookimpl
def medai_metrics() -> tuple[MetricSpec, ...]:
    return (
        MetricSpec(
            name="boundary-f1",
            target="medai_example_thirdparty.metrics:BoundaryF1",
            summary="F1 of boundary pixels that have one of the other boundary within a tolerance",
            task="segmentation",
            license="MIT",
            source="Csurka et al. 2013, doi:10.5244/C.27.32",
        ),
    )


@hookimpl
def medai_exporters() -> tuple[ExporterSpec, ...]:
    return (
        ExporterSpec(
            name="contours",
            target="medai_example_thirdparty.exporters:ContourFiles",
            summary="outlines as text, which the dataset of this name reads",
            task="segmentation",
            license="MIT",
            source="this plugin's README",
            known_failures={"exporter.can-be-read-back": "outlines are text, which this plugin's own tests read back"},
        ),
    )


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    return RECIPES


@hookimpl
def medai_tables() -> tuple[Table, ...]:
    return TABLES
