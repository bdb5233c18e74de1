"""BUSI, the Dataset of Breast Ultrasound Images, as it is handed out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from medai.errors import DataError
from medai.io import pseudonym
from medai.tasks import Boxes, Dataset, Image
from medai_breast.datasets.annotated import CLASSES, NORMAL, Annotated, Entry
from medai_breast.datasets.drawn import write_busi
from medai_breast.datasets.homes import folders_in, home_of
from medai_breast.datasets.pictures import Grey, pictures_in

_A_MASK = re.compile(r"(.+)_mask(_[0-9]+)?")
_A_NAME = re.compile(r"(benign|malignant|normal) \(([0-9]+)\)")
_OF_OTHERS = ("original", "gt")
"""Folders of dataset B, which may lie beside."""


class Busi(Annotated):
    """BUSI's images, (1, H, W) in 0..1, with a box for each lesion: 437 benign, 210 malignant and 133 normal ones, which have no box.

    The folders are `benign`, `malignant` and, if it is there, `normal`, in the folder itself or in one in it (`Dataset_BUSI_with_GT`).
    `benign (1).png` has its lesion in `benign (1)_mask.png`, further lesions in `benign (1)_mask_1.png` and so on. BUSI does not say
    which images are of one woman. Images that show the same are one group, and those that do so in two classes have the attribute
    `cross-class`. Every image is looked at for that when cases are first asked for, which takes about ten seconds for all of BUSI.

    Args:
        root: the folder.
        one_class: one class, `lesion`, in place of benign and malignant.

    Raises:
        DataError: a folder is missing or has another name, or no case can be used.
    """

    def __init__(self, root: Path, one_class: bool = False) -> None:
        home = home_of(Path(root), CLASSES)
        kinds = {folder: folder.name.lower() for folder in folders_in(home)}
        for folder, kind in kinds.items():
            if kind not in (*CLASSES, NORMAL, *_OF_OTHERS) and pictures_in(folder):
                raise DataError(f"holds pictures, and its name is no class: {', '.join((*CLASSES, NORMAL))} are known", folder)
        named = sorted((kind, folder) for folder, kind in kinds.items() if kind in (*CLASSES, NORMAL))
        entries = [entry for kind, folder in named for entry in _entries(home, folder, kind)]
        if not entries:
            raise DataError("its folders hold no picture", home)
        super().__init__("BUSI", entries, home, one_class=one_class)

    @staticmethod
    def unlabelled(paths: Sequence[Path], one_class: bool = False) -> Dataset[Image, Boxes]:
        """Images in one grey channel; masks beside them are no cases."""
        return Grey(paths)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small images of the three classes in turn, with masks, in `Dataset_BUSI_with_GT`."""
        write_busi(Path(root) / "Dataset_BUSI_with_GT", n, seed)


def _entries(home: Path, folder: Path, kind: str) -> Iterator[Entry]:
    """The images of a class in order of their numbers; and masks that have none."""
    images: dict[str, Path] = {}
    masks: dict[str, list[Path]] = {}
    for path in pictures_in(folder):
        match = _A_MASK.fullmatch(path.stem)
        if match:
            masks.setdefault(match[1], []).append(path)
        elif path.stem in images:
            raise DataError(f"is called as {images[path.stem].name} is, but for the suffix", path)
        else:
            images[path.stem] = path
    for stem in sorted(images.keys() | masks.keys(), key=_by_number):
        path = images.get(stem) or masks[stem][0]
        name = path.relative_to(home).as_posix()
        match = _A_NAME.fullmatch(stem)
        id = f"busi-{kind}-{match[2]}" if match and match[1] == kind else pseudonym(name, prefix="busi")
        fault = "" if stem in images else f"is a mask without an image: there is no {stem}.png"
        if stem in images and kind != NORMAL and stem not in masks:
            fault = f"has no mask: {stem}_mask.png is wanted"
        yield Entry(id, name, kind, path, tuple(masks.get(stem, ())), fault)


def _by_number(stem: str) -> tuple[list[int], str]:
    return [int(part) for part in re.findall(r"[0-9]+", stem)], stem
