"""The study's tables. This module is light. Every figure here is reported by the paper; none was measured."""

from __future__ import annotations

from medai.api import Cell, Table

_STUDY = "Zhao et al., AI Medicine 1(1), 2024, 7, doi:10.53941/aim.2024.100007"
_BELOW_MEAN = (
    "PSNR 31.8518 is below 20 log10(400 / 9.9714) = 32.07 dB, which the mean of slices cannot be: PSNR and RMSE are not of the same slices"
)
_TEXT = "the text of section 3.3.1 says 0.9009"
_LOSS = "the recipe trains on MSE alone; the paper's EDCNN has a compound loss"


def _cells(row: str, recipe: str, psnr: float, ssim: float, rmse: float, notes: dict[str, str]) -> tuple[Cell, ...]:
    figures = {"PSNR": psnr, "SSIM": ssim, "RMSE": rmse}
    return tuple(
        Cell(row=row, column=name, reported=value, recipe=recipe, metric=name.lower(), note=notes.get(name, ""))
        for name, value in figures.items()
    )


TABLE_4 = Table(
    name="table-4",
    title="Performance on the AAPM data, patient L506: PSNR in dB at peak 400, RMSE in HU, window -160..240 HU",
    task="restoration",
    cells=(
        *_cells("REDCNN", "ldct/redcnn", 31.6918, 0.8841, 10.6134, {}),
        *_cells(
            "EDCNN", "ldct/edcnn", 31.8518, 0.8972, 9.9714,
            {"PSNR": f"{_BELOW_MEAN}; {_LOSS}", "SSIM": f"{_TEXT}; {_LOSS}", "RMSE": f"{_BELOW_MEAN}; {_LOSS}"},
        ),
    ),
    source=f"{_STUDY}, Table 4",
)  # fmt: skip

TABLES = (TABLE_4,)
