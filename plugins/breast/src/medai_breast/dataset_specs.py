"""Breast ultrasound in its own layouts, and views over it. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec

_BUSI = "Al-Dhabyani et al. 2020, doi:10.1016/j.dib.2019.104863"
_BUS = "Yap et al. 2017, doi:10.1109/JBHI.2017.2731873"
_STUDY = "Wang et al. 2024, doi:10.53941/aim.2024.100005"
_GET_BUSI = (
    "BUSI, 780 PNG images with masks, from https://scholar.cu.edu.eg/?q=afahmy/pages/dataset, under the licence stated there "
    "(the article's is CC BY 4.0)"
)
_GET_BUS = (
    "dataset B, 163 images with masks and a table, which its owners hand out on request: http://www2.docm.mmu.ac.uk/STAFF/M.Yap/dataset.php"
)
_BUSI_TREE = "benign/benign (1).png with benign (1)_mask.png, benign (1)_mask_1.png ..., malignant/ and normal/ alike"
_BUS_TREE = "original/000001.png, GT/000001.png and DatasetB.xlsx"

DATASETS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="busi",
        target="medai_breast.datasets.busi:Busi",
        summary="BUSI: breast ultrasound with a box for each lesion of its masks, benign or malignant, and normal images without",
        task="detection",
        inputs=("image",),
        license="CC-BY-4.0",
        source=f"{_BUSI}; boxes as {_STUDY}, Figure 2",
        implements=("mask-to-bbox",),
        needs=(_GET_BUSI, f"laid out as ROOT/{_BUSI_TREE}; or the same in ROOT/Dataset_BUSI_with_GT"),
    ),
    DatasetSpec(
        name="bus",
        target="medai_breast.datasets.bus:Bus",
        summary="BUS, which is UDIAT's dataset B: breast ultrasound with a box for each lesion of its masks, benign or malignant",
        task="detection",
        inputs=("image",),
        license="LicenseRef-UDIAT-Dataset-B",
        source=f"{_BUS}; boxes as {_STUDY}, Figure 2",
        needs=(_GET_BUS, f"laid out as ROOT/{_BUS_TREE}; or the same in a folder in ROOT"),
    ),
    DatasetSpec(
        name="bus-busi-mixed",
        target="medai_breast.datasets.mixed:BusAndBusi",
        summary="BUSI and BUS mixed, as of the study's Table 2",
        task="detection",
        inputs=("image",),
        license="LicenseRef-UDIAT-Dataset-B AND CC-BY-4.0",
        source=f"{_BUSI}; {_BUS}; {_STUDY}, section 3.3",
        needs=(_GET_BUSI, _GET_BUS, f"laid out as ROOT/Dataset_BUSI_with_GT/{_BUSI_TREE}; ROOT/BUS/{_BUS_TREE}"),
    ),
    DatasetSpec(
        name="busi-to-bus",
        target="medai_breast.datasets.mixed:BusiToBus",
        summary="BUSI to train on and BUS for the test, as of the study's Table 4",
        task="detection",
        inputs=("image",),
        license="LicenseRef-UDIAT-Dataset-B AND CC-BY-4.0",
        source=f"{_BUSI}; {_BUS}; {_STUDY}, section 3.5",
        needs=(_GET_BUSI, _GET_BUS, f"laid out as ROOT/Dataset_BUSI_with_GT/{_BUSI_TREE}; ROOT/BUS/{_BUS_TREE}"),
    ),
    DatasetSpec(
        name="segmentation-enhancement",
        target="medai_breast.views.segmentation_enhancement:SegmentationEnhancement",
        summary="view: ultrasound in which a rough segmentation sets dark regions apart from their surroundings",
        inputs=("image",),
        license="Apache-2.0",
        source="after Wang and Yao 2022, doi:10.1038/s41598-022-18747-y; Felzenszwalb and Huttenlocher 2004, "
        "doi:10.1023/B:VISI.0000022288.19776.77",
    ),
)
