"""A sound dataset of a folder, and those that differ from it by a fault in how the folder is written, opened or listed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Picture

from medai.errors import DataError
from medai.io import pseudonym, read_image
from medai.tasks import Case, Image, Mask, Sample


class Sound:
    """`NAME.png` and `NAME.json`, which has the patient and the threshold above which a pixel is foreground."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._paths = {pseudonym(path.name): path for path in sorted(self.root.glob("*.png"))}
        if not self._paths:
            raise DataError("holds no .png file", self.root)
        self._notes = {id: self.note(path.with_suffix(".json")) for id, path in self._paths.items()}

    def cases(self) -> Sequence[Case]:
        return [Case(id, str(note["patient"])) for id, note in self._notes.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Mask]:
        image = self.image(self._paths[case.id])
        return Sample(case, image, Mask((image.pixels[0] > float(self._notes[case.id]["threshold"])).long()))

    def image(self, path: Path) -> Image:
        return read_image(path)

    def note(self, path: Path) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(path.read_text())
            return found
        except (OSError, ValueError) as error:
            raise DataError(f"no note in it ({error})", path) from error

    @classmethod
    def write_stub(cls, root: Path, n: int, seed: int) -> None:
        cls.write(Path(root), n, np.random.default_rng(seed))

    @classmethod
    def write(cls, root: Path, n: int, rng: np.random.Generator) -> None:
        for number in range(n):
            Picture.fromarray(rng.integers(0, 256, (24, 32), dtype=np.uint8)).save(root / f"scan{number:02d}.png")
            (root / f"scan{number:02d}.json").write_text(json.dumps({"patient": f"p{number // 2}", "threshold": 0.5}))


class UnseededStub(Sound):
    @classmethod
    def write_stub(cls, root: Path, n: int, seed: int) -> None:
        cls.write(Path(root), n, np.random.default_rng())


class SmallStub(Sound):
    @classmethod
    def write_stub(cls, root: Path, n: int, seed: int) -> None:
        cls.write(Path(root), min(n, 4), np.random.default_rng(seed))


class NoStub:
    def __init__(self, root: Path) -> None:
        self.root = root


class TakesEmptyFolders(Sound):
    def __init__(self, root: Path) -> None:
        try:
            super().__init__(root)
        except DataError:
            self.root, self._paths, self._notes = Path(root), {}, {}


class CrashesOnDamage(Sound):
    """Pillow's own error is not turned."""

    def image(self, path: Path) -> Image:
        with Picture.open(path) as picture:
            return Image(torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255)[None], "0..1")


class TakesDamage(Sound):
    """What is missing of a file is filled up."""

    def image(self, path: Path) -> Image:
        try:
            return read_image(path)
        except DataError:
            return Image(torch.zeros(1, 24, 32), "0..1")


class NamesNoFile(Sound):
    def image(self, path: Path) -> Image:
        try:
            return read_image(path)
        except DataError as error:
            raise DataError("the image is damaged") from error


class HashedIds(Sound):
    """Python's hash of a text differs from process to process."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._paths = {f"c{hash(path.name)}": path for path in self._paths.values()}
        self._notes = {id: self.note(path.with_suffix(".json")) for id, path in self._paths.items()}


class PathsAsIds(Sound):
    """The path beneath the root: the same wherever the folder stands, and a path all the same."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._paths = {f"images/{path.stem}": path for path in self._paths.values()}
        self._notes = {id: self.note(path.with_suffix(".json")) for id, path in self._paths.items()}


class IdsOfPlace(Sound):
    """A pseudonym of where the folder stands: another one when it is moved."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._paths = {pseudonym(os.path.realpath(path)): path for path in self._paths.values()}
        self._notes = {id: self.note(path.with_suffix(".json")) for id, path in self._paths.items()}


class ReadsPixels(Sound):
    """Looks into each image for its size before a case is asked for."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._sizes = {id: self.image(path).pixels.shape for id, path in self._paths.items()}


class Shuffled(Sound):
    def cases(self) -> Sequence[Case]:
        found = list(super().cases())
        np.random.default_rng(time.perf_counter_ns()).shuffle(found)  # type: ignore[arg-type]
        return found


class DoubledIds(Sound):
    def cases(self) -> Sequence[Case]:
        found = list(super().cases())
        return [*found, found[0]]


class NoGroups(Sound):
    def cases(self) -> Sequence[Case]:
        return [Case(case.id, "") for case in super().cases()]


class OneGroup(Sound):
    def cases(self) -> Sequence[Case]:
        return [Case(case.id, "all") for case in super().cases()]


class GroupInTwoParts(Sound):
    def cases(self) -> Sequence[Case]:
        return [Case(case.id, case.group, ("train", "test")[place % 2]) for place, case in enumerate(super().cases())]


class Halves(Sound):
    """Sound: each image in two halves, one above the other."""

    def cases(self) -> Sequence[Case]:
        return [self.half(case, number) for case in super().cases() for number in (0, 1)]

    def half(self, case: Case, number: int) -> Case:
        return Case(f"{case.id}-{number}", case.group, whole=case.id)

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Mask]:
        sample, number = super().read(Case(case.whole, case.group), rng), int(case.id[-1])
        assert sample.reference is not None
        pixels = sample.inputs.pixels[:, 12 * number : 12 * number + 12]
        mask = Mask(sample.reference.labels[12 * number : 12 * number + 12])
        return Sample(case, replace(sample.inputs, pixels=pixels, origin=None), mask)


class WholeInTwoGroups(Halves):
    def half(self, case: Case, number: int) -> Case:
        return replace(super().half(case, number), group=f"{case.group}-{number}")


class WholeInTwoParts(WholeInTwoGroups):
    def half(self, case: Case, number: int) -> Case:
        return replace(super().half(case, number), split=("train", "test")[number])


class Nested(Sound):
    """Sound: pictures in folders beneath the root too."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        found = [(self.id_of(path), path) for path in sorted(self.root.rglob("*.png"))]
        if not found:
            raise DataError("holds no .png file", self.root)
        self._found = [(id, str(self.note(path.with_suffix(".json"))["patient"])) for id, path in found]
        self._paths = dict(found)
        self._notes = {id: self.note(path.with_suffix(".json")) for id, path in found}

    def cases(self) -> Sequence[Case]:
        return [Case(id, patient) for id, patient in self._found]

    def id_of(self, path: Path) -> str:
        return pseudonym(path.relative_to(self.root).as_posix())


class IdsOfNames(Nested):
    """The file's name alone, which a file in another folder may have too."""

    def id_of(self, path: Path) -> str:
        return pseudonym(path.name)


class TakesStrays(Sound):
    """Every file beside a picture is a case, whatever left it there."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for path in sorted(self.root.iterdir()):
            if path.is_file() and path.suffix not in (".png", ".json"):
                id = pseudonym(path.name)
                self._paths[id], self._notes[id] = path, {"patient": "none", "threshold": 0.5}


class Raw(Sound):
    """Sound: `NAME.raw`, values as they are, behind a header that says what the note says."""

    header = 256
    size = (64, 96)

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._paths = {pseudonym(path.name): path for path in sorted(self.root.glob("*.raw"))}
        if not self._paths:
            raise DataError("holds no .raw file", self.root)
        self._notes = {id: self.note(path) for id, path in self._paths.items()}

    def image(self, path: Path) -> Image:
        values = np.fromfile(path, np.float32, offset=self.header)
        if values.size != self.size[0] * self.size[1]:
            raise DataError("ends too early", path)
        return Image(torch.from_numpy(values.reshape(1, *self.size)), "0..1")

    def note(self, path: Path) -> dict[str, Any]:
        try:
            with path.open("rb") as file:
                found: dict[str, Any] = json.loads(file.read(self.header))
            return found
        except (OSError, ValueError) as error:
            raise DataError(f"no note in it ({error})", path) from error

    @classmethod
    def write(cls, root: Path, n: int, rng: np.random.Generator) -> None:
        for number in range(n):
            note = json.dumps({"patient": f"p{number // 2}", "threshold": 0.5}).encode().ljust(cls.header)
            (root / f"scan{number:02d}.raw").write_bytes(note + rng.random(cls.size, dtype=np.float32).tobytes())


class RawFromFile(Raw):
    """Holds all values before a case is asked for."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._held = {path: super(RawFromFile, self).image(path) for path in self._paths.values()}

    def image(self, path: Path) -> Image:
        return self._held[path]


class RawAsBytes(Raw):
    """Sums each file up when it lists its cases."""

    def cases(self) -> Sequence[Case]:
        sums = {id: sum(path.read_bytes()) for id, path in self._paths.items()}
        return [Case(case.id, case.group, attributes={"sum": str(sums[case.id])}) for case in super().cases()]


class RawByDescriptor(RawAsBytes):
    """The same by the system's own calls."""

    def cases(self) -> Sequence[Case]:
        return [Case(case.id, case.group, attributes={"sum": str(self.sum(case.id))}) for case in super(RawAsBytes, self).cases()]

    def sum(self, id: str) -> int:
        descriptor = os.open(self._paths[id], os.O_RDONLY)
        try:
            return sum(os.read(descriptor, 1 << 20))
        finally:
            os.close(descriptor)


class RawAsText(RawByDescriptor):
    """The same of each file's bytes as letters."""

    def sum(self, id: str) -> int:
        return sum(map(ord, self._paths[id].read_text(encoding="latin-1")))


class RawOfSmallImages(Raw):
    """Sound: the header is read as text, of files that are not much longer."""

    size = (24, 32)

    def note(self, path: Path) -> dict[str, Any]:
        try:
            with path.open(encoding="latin-1") as file:
                found: dict[str, Any] = json.loads(file.read(self.header))
            return found
        except (OSError, ValueError) as error:
            raise DataError(f"no note in it ({error})", path) from error
