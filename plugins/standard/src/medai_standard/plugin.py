"""What this plugin offers. This module is light."""

from __future__ import annotations

from medai.api import ExporterSpec, LossSpec, ModelSpec, hookimpl


@hookimpl
def medai_losses() -> tuple[LossSpec, ...]:
    return (
        LossSpec(
            name="mse", target="medai_standard.losses:MeanSquaredError", summary="mean squared difference", license="Apache-2.0",
        ),
        LossSpec(
            name="l1", target="medai_standard.losses:MeanAbsoluteError", summary="mean absolute difference", license="Apache-2.0",
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
            name="safetensors",
            target="medai_standard.exporters.safetensors:Safetensors",
            summary="weights as safetensors, with what is needed to build the model again",
            license="Apache-2.0",
            of="model",
        ),
    )
