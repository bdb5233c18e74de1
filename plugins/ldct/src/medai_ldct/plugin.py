"""What this plugin offers. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, ModelSpec, Recipe, Table, hookimpl
from medai_ldct.recipes import RECIPES
from medai_ldct.tables import TABLES

_STUDY = "Zhao et al. 2024, doi:10.53941/aim.2024.100007"


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return (
        DatasetSpec(
            name="phantom",
            target="medai_ldct.datasets.phantom:Phantom",
            summary="generated abdomen-like CT slices in HU, the same for the same seed",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="drawn by this plugin; no patient behind it",
            example={"subjects": 3, "slices": 2, "size": 96},
        ),
        DatasetSpec(
            name="ct",
            target="medai_ldct.datasets.ct:Ct",
            summary="slices of a folder of normal-dose CT: DICOM, or NIfTI and .npy in HU",
            task="restoration",
            inputs=("image",),
            source="the user's own",
        ),
        DatasetSpec(
            name="mayo-2016",
            target="medai_ldct.datasets.mayo_2016:Mayo2016",
            summary="the 2016 NIH-AAPM-Mayo Clinic Low Dose CT Grand Challenge: abdomens at a quarter of the dose and at full dose",
            task="restoration",
            inputs=("image",),
            license="LicenseRef-AAPM-Low-Dose-CT-Grand-Challenge",
            source="AAPM Low Dose CT Grand Challenge 2016, https://www.aapm.org/grandchallenge/lowdosect; " + _STUDY + ", Table 2",
            implements=("aapm-mayo-2016",),
            needs=(
                "the challenge's images (Training_Image_Data: 3mm B30, 1mm B30, 3mm D45 or 1mm D45), which its page hands out "
                "under terms of its own",
                "laid out as ROOT/L067/quarter_3mm/*.IMA and ROOT/L067/full_3mm/*.IMA, or as the archives have them",
            ),
        ),
        DatasetSpec(
            name="simulated",
            target="medai_ldct.datasets.simulated:Simulated",
            summary="view: pairs of low and normal dose from normal-dose CT, by noise in the projections",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="Zeng et al. 2015, doi:10.1109/TNS.2015.2467219",
            example={"views": 60},
        ),
        DatasetSpec(
            name="patches",
            target="medai_ldct.datasets.patches:Patches",
            summary="view: random square patches for training, input and reference alike",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source=_STUDY,
        ),
    )


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return (
        ModelSpec(
            name="redcnn",
            target="medai_ldct.models.redcnn:RedCnn",
            summary="residual encoder-decoder of 5x5 convolutions",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="Chen et al. 2017, doi:10.1109/TMI.2017.2715284",
        ),
        ModelSpec(
            name="edcnn",
            target="medai_ldct.models.edcnn:Edcnn",
            summary="dense blocks over the slice and its edges by a trainable Sobel operator",
            task="restoration",
            inputs=("image",),
            license="Apache-2.0",
            source="Liang et al. 2020, doi:10.1109/ICSP48669.2020.9320928",
        ),
    )


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    return RECIPES


@hookimpl
def medai_tables() -> tuple[Table, ...]:
    return TABLES
