"""Pairs of slices as NumPy arrays, as public code for low-dose CT keeps them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from medai.errors import DataError, UsageError
from medai.io import pseudonym, read_image, require_folder
from medai.tasks import Case, Image, Sample
from medai_ldct.datasets.folders import holds
from medai_ldct.datasets.stub_pairs import Drawn

_LOW, _NORMAL = "low", "normal"
_INPUT, _TARGET = "_input.npy", "_target.npy"
_A_SLICE = re.compile(r"(.*?)[-_]?(\d+)")
_LARGEST_SCALED = 9.0
"""Of values in 0..1 over 4096 HU: metal in files of 16 bits is at 8.2. In HU, a slice without air has larger values than this."""
_LARGEST_HU = 1e5
"""Beyond what files of 16 bits hold, and metal."""


class PairedNpy:
    """Pairs of slices, (1, H, W) in HU: `low/NAME.npy` and `normal/NAME.npy`, or `NAME_input.npy` and `NAME_target.npy`.

    Values are HU, or scaled to 0..1 as public code of RED-CNN keeps them: a pair that has no value below -1 and none above 9 is taken as
    scaled. The patient is the folder beneath `low/`, else what stands before the slice's number in the name (`L067_12_input.npy`);
    slices whose names tell no patient are taken as one patient's. Case ids and groups are pseudonyms, of a patient that of his name.

    Args:
        root: the folder.
        scaled: the HU that 0 and 1 stand for in scaled files.

    Raises:
        UsageError: `scaled` is no range.
        DataError: `root` is missing or holds no pair, or a file has no partner.
    """

    def __init__(self, root: Path, scaled: tuple[float, float] = (-1024.0, 3072.0)) -> None:
        if not scaled[0] < scaled[1]:
            raise UsageError(f"scaled = {scaled}: the HU of 0 and the higher HU of 1 are wanted")
        self.root, self.scaled = Path(root), scaled
        self._pairs: dict[str, tuple[Path, Path]] = {}
        self._cases: list[Case] = []
        for name, pair in sorted(self._named().items(), key=lambda item: _in_order(item[0])):
            group = pseudonym(_patient(name))
            case = Case(f"{group}-{pseudonym(name, prefix='n')}", group)
            self._pairs[case.id] = pair
            self._cases.append(case)

    def cases(self) -> Sequence[Case]:
        """A case per pair, in order of patient and number."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The low dose, and the normal dose as the reference.

        Raises:
            DataError: a file cannot be read or is no slice, the two differ in size, or their values are neither HU nor scaled.
        """
        paths = self._pairs[case.id]
        low, normal = (_slice(path) for path in paths)
        if low.pixels.shape != normal.pixels.shape:
            raise DataError(f"is {_size(low)}, {paths[1].name} is {_size(normal)}", paths[0])
        scaled = [_is_scaled(image) for image in (low, normal)]
        if all(scaled):
            low, normal = self._in_hu(low), self._in_hu(normal)
        elif any(scaled):
            one, other = paths if scaled[0] else reversed(paths)
            raise DataError(f"its values lie between -1 and {_LARGEST_SCALED:g}, as scaled ones do, those of {other.name} do not", one)
        else:
            _require_hu(low, normal, paths)
        return Sample(case, replace(low, unit="HU"), replace(normal, unit="HU"))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small pairs of two patients or more, in HU, in `low/` and `normal/`."""
        for drawn in Drawn.several(n, seed, ("A01", "A02", "A03", "A04")):
            for folder, dose in ((_LOW, 0.25), (_NORMAL, 1.0)):
                path = Path(root) / folder / drawn.patient / f"{drawn.place:03d}.npy"
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, drawn.at(dose).astype(np.float32))

    def _named(self) -> dict[str, tuple[Path, Path]]:
        """The pairs by the name that both files have."""
        require_folder(self.root)
        low, normal = (_beneath(self.root / folder, ".npy") for folder in (_LOW, _NORMAL))
        if low or normal:
            return _joined(low, normal, f"{_LOW}/", f"{_NORMAL}/", self.root)
        given, wanted = _beneath(self.root, _INPUT), _beneath(self.root, _TARGET)
        if not given and not wanted:
            expected = "low/NAME.npy and normal/NAME.npy, or NAME_input.npy and NAME_target.npy, are expected"
            raise DataError(f"{expected}; it holds {holds(self.root)}", self.root)
        return _joined(given, wanted, "NAME_input.npy", "NAME_target.npy", self.root)

    def _in_hu(self, image: Image) -> Image:
        low, high = self.scaled
        return replace(image, pixels=image.pixels * (high - low) + low)


def _beneath(folder: Path, ending: str) -> dict[str, Path]:
    """Files beneath a folder by their path without its ending; hidden ones are passed over."""
    found = (path for path in folder.rglob(f"*{ending}") if path.is_file())
    named = {path.relative_to(folder).as_posix().removesuffix(ending): path for path in sorted(found)}
    return {name: path for name, path in named.items() if not any(part.startswith(".") for part in name.split("/"))}


def _joined(low: Mapping[str, Path], normal: Mapping[str, Path], first: str, second: str, root: Path) -> dict[str, tuple[Path, Path]]:
    for here, there, where in ((low, normal, second), (normal, low, first)):
        alone = sorted(here.keys() - there.keys())
        if alone:
            told = f"has no partner in {where}" if where.endswith("/") else f"has no partner {where.replace('NAME', alone[0])}"
            raise DataError(f"{told} ({len(alone)} of {len(here)} files have none)", here[alone[0]])
    return {name: (low[name], normal[name]) for name in low}


def _patient(name: str) -> str:
    folder, _, own = name.rpartition("/")
    found = _A_SLICE.fullmatch(own)
    return folder.split("/")[0] or (found[1] if found else own)


def _in_order(name: str) -> tuple[str, str, int]:
    folder, _, own = name.rpartition("/")
    found = _A_SLICE.fullmatch(own)
    return (folder, found[1], int(found[2])) if found else (folder, own, 0)


def _slice(path: Path) -> Image:
    image = read_image(path)
    if image.pixels.ndim != 3:
        raise DataError(f"is an array of {_size(image)}: a slice of two axes is wanted", path)
    return image


def _size(image: Image) -> str:
    return " x ".join(map(str, image.pixels.shape[1:]))


def _is_scaled(image: Image) -> bool:
    return float(image.pixels.min()) >= -1 and float(image.pixels.max()) <= _LARGEST_SCALED


def _require_hu(low: Image, normal: Image, paths: tuple[Path, Path]) -> None:
    for image, path in zip((low, normal), paths, strict=True):
        least, most = float(image.pixels.min()), float(image.pixels.max())
        if least >= 0:
            raise DataError("is neither in HU, for none of its values is negative, nor scaled to 0..1, nor is its pair", path)
        if max(-least, most) > _LARGEST_HU:
            raise DataError(f"is not in HU: its values go from {least:.4g} to {most:.4g}", path)
