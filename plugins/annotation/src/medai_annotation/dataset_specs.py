"""Clean ultrasound images, and views that draw annotations over them. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec

_STUDY = "Zhang et al. 2024, doi:10.53941/aim.2024.100004"
_SYNTHESIS = f"{_STUDY}, section 3.1 and Figure 2"
_BUSI = "Al-Dhabyani et al. 2020, doi:10.1016/j.dib.2019.104863"
_GET_BUSI = (
    "BUSI, 780 PNG images with masks, from https://scholar.cu.edu.eg/?q=afahmy/pages/dataset, under the licence stated there "
    "(the article's is CC BY 4.0)"
)
_BUSI_TREE = "benign/benign (1).png, malignant/ and normal/ alike"
_INDEX = "index.csv beside the folders, with the columns image, has_colour and plus_calipers_n, which says what is annotated"
_SOME_WITHOUT = {"absent": 0.25}

DATASETS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="body-marker",
        target="medai_annotation.datasets.overlays:BodyMarker",
        summary="view: body markers drawn over clean images, within 20 % of an edge; for Noise2Noise, Noise2Clean, masks and boxes",
        task="restoration",
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
        task="restoration",
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
        task="restoration",
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
        task="restoration",
        inputs=("image",),
        license="Apache-2.0",
        source=_SYNTHESIS,
        example=_SOME_WITHOUT,
    ),
    DatasetSpec(
        name="phantom",
        target="medai_annotation.datasets.phantom:Phantom",
        summary="generated ultrasound-like pictures without annotations: speckle, layers, cysts, shadows; the same for the same seed",
        task="restoration",
        inputs=("image",),
        license="Apache-2.0",
        source="drawn by this plugin; no patient behind it",
        example={"subjects": 3, "pictures": 2, "size": 96},
    ),
    DatasetSpec(
        name="clean-images",
        target="medai_annotation.datasets.clean_images:CleanImages",
        summary="a folder of ultrasound images without annotations: PNG, JPEG, BMP, TIFF or DICOM of any size",
        task="restoration",
        inputs=("image",),
        source="the user's own",
    ),
    DatasetSpec(
        name="busi-clean",
        target="medai_annotation.datasets.busi_clean:BusiClean",
        summary="BUSI, breast ultrasound, without the images on which calipers, flow boxes or colour are drawn",
        task="restoration",
        inputs=("image",),
        license="CC-BY-4.0",
        source=_BUSI,
        needs=(_GET_BUSI, f"laid out as ROOT/{_BUSI_TREE}; or the same in ROOT/Dataset_BUSI_with_GT", _INDEX),
    ),
    DatasetSpec(
        name="real-pairs",
        target="medai_annotation.datasets.real_pairs:RealPairs",
        summary="annotated images with the clean image of the same frame: a folder with a table of pairs, or the known pair of BUSI",
        task="restoration",
        inputs=("image",),
        source=f"the user's own; or {_BUSI}, malignant (118) and (119)",
        needs=("pairs.csv with the columns annotated, clean, dy, dx and the images it names; or BUSI, laid out as ROOT/" + _BUSI_TREE,),
    ),
)
