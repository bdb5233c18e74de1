"""Annotations drawn over clean images: one dataset for Noise2Noise, Noise2Clean, segmentation and detection."""

from __future__ import annotations

import hashlib
import itertools
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from medai.errors import DataError, UsageError
from medai.tasks import Boxes, Case, Dataset, Image, Mask, Sample, View
from medai_annotation.annotated import Annotated
from medai_annotation.kinds import KINDS, Kind
from medai_annotation.synthesis.body_marker import BORDER
from medai_annotation.synthesis.body_marker import BodyMarker as MarkerGenerator
from medai_annotation.synthesis.icon_folder import read_icons
from medai_annotation.synthesis.layers import Floats, Generator, Layer, box_of, covered, laid
from medai_annotation.synthesis.radial_line import RadialLine as LineGenerator
from medai_annotation.synthesis.vascular_flow import VascularFlow as FlowGenerator

Target = Literal["clean", "noisy", "mask", "boxes"]
Drawn = Mapping[Kind, Sequence[Layer]]

SHORTEST = 32
"""Pixels along a side of an image that has room for annotations."""
Shares = tuple[float, float, float]
"""Of cases without, of cases with another kind alone, and of readings with another kind beside."""
NONE = "none"
"""What the attribute `annotation` of a case without one says."""


class Overlay(View):
    """A view that draws annotations over clean images, (1, H, W) or (3, H, W) in 0..1; grey ones are repeated in three channels.

    The input is an `Annotated` image, which knows its clean image and what was drawn where. A source of `Annotated` images gives their
    clean image, so that such a view may stand over another: each then draws over what is beneath the annotation. A source's reference is
    not looked at. All chance comes from the generator that `read` is given; which cases have an annotation depends on their ids alone.
    Cases have the attribute `annotation`: the kinds that are drawn, joined by ` + `, or `none`.

    Args:
        source: clean images.
        target: the reference: `clean`, the image without the annotation (Noise2Clean, and all that is measured); `noisy`, the same image
            with another annotation of the same kinds, drawn independently (Noise2Noise); `mask`, the class of each pixel; `boxes`, one
            around each annotation.
        absent: share of the cases that carry no annotation.
    """

    classes: tuple[str, ...]
    """Of masks and boxes, in order."""

    def __init__(self, source: Dataset[Image, Any], target: Target, absent: float) -> None:
        if target not in ("clean", "noisy", "mask", "boxes"):
            raise UsageError(f"target = {target!r}: clean, noisy, mask or boxes is wanted")
        require_share("absent", absent)
        super().__init__(source)
        self.target, self.absent = target, absent

    @property
    def facts(self) -> Mapping[str, object]:
        """As the source says; of masks and boxes, the classes, background among those of masks."""
        if self.target in ("clean", "noisy"):
            return super().facts
        names = [*(["background"] if self.target == "mask" else []), *self.classes]
        return {**super().facts, "model.classes": len(names), "protocol.options.classes": names}

    def cases(self) -> Sequence[Case]:
        """The source's cases, with the attribute `annotation`."""
        return [self._told(case) for case in self.source.cases()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        """The annotated image (3, H, W) float32, and the reference asked for.

        Raises:
            DataError: the source cannot read the case, or gives no image of one or three channels in 0..1 of 32 pixels or more along
                each side.
        """
        sample = self.source.read(case, rng)
        clean = self._kept(_clean(sample), sample.case, rng)
        first = self._draw(clean, sample.case, rng)
        marks = self._marks(clean.shape[1:], first)
        original = torch.from_numpy(clean)
        inputs = Annotated(torch.from_numpy(_laid(clean, first)), "0..1", sample.inputs.origin, original, torch.from_numpy(marks))
        return replace(
            sample, case=self._told(sample.case), inputs=inputs, reference=self._reference(inputs, clean, first, rng, sample.case)
        )

    @abstractmethod
    def kinds(self, case: Case) -> tuple[Kind, ...]:
        """What is drawn on a case and taken for an annotation, by its id alone."""

    @abstractmethod
    def generator(self, kind: Kind) -> Generator:
        """What draws a kind."""

    def attribute(self, case: Case) -> str:
        """What a case's attribute `annotation` says."""
        return " + ".join(self.kinds(case)) or NONE

    def _kept(self, clean: Floats, case: Case, rng: np.random.Generator) -> Floats:
        """The clean image, with what belongs to it."""
        return clean

    def _draw(self, clean: Floats, case: Case, rng: np.random.Generator) -> Drawn:
        return {kind: self.generator(kind).draw(clean, rng) for kind in self.kinds(case)}

    def _told(self, case: Case) -> Case:
        return replace(case, attributes={**case.attributes, "annotation": self.attribute(case)})

    def _marks(self, shape: tuple[int, int], drawn: Drawn) -> np.ndarray[Any, np.dtype[np.int64]]:
        marks = np.zeros(shape, dtype=np.int64)
        for kind, layers in drawn.items():
            marks[covered(shape, layers)] = KINDS.index(kind) + 1
        return marks

    def _reference(self, inputs: Annotated, clean: Floats, drawn: Drawn, rng: np.random.Generator, case: Case) -> Image | Mask | Boxes:
        if self.target == "clean":
            return Image(torch.from_numpy(clean), "0..1", inputs.origin)
        if self.target == "noisy":
            return Image(torch.from_numpy(_laid(clean, self._draw(clean, case, rng))), "0..1", inputs.origin)
        if self.target == "mask":
            assert inputs.marks is not None
            return Mask(self._labels(inputs.marks))
        return self._boxes(clean.shape[1:], drawn)

    def _labels(self, marks: torch.Tensor) -> torch.Tensor:
        """Classes of pixels as a mask has them."""
        return marks if len(self.classes) > 1 else (marks > 0).long()

    def _boxes(self, shape: tuple[int, int], drawn: Drawn) -> Boxes:
        found = [(box_of(covered(shape, layers)), self.classes.index(kind)) for kind, layers in drawn.items()]
        held = [(box, label) for box, label in found if box is not None]
        boxes = torch.tensor([box for box, _ in held], dtype=torch.float32).reshape(-1, 4)
        return Boxes(boxes, torch.tensor([label for _, label in held], dtype=torch.int64))


class _OfOneKind(Overlay):
    """Annotations of one kind; some cases may have none, and some one of another kind, which belongs to the clean image."""

    kind: Kind

    def __init__(self, source: Dataset[Image, Any], generator: Generator, target: Target, shares: Shares) -> None:
        absent, other, beside = shares
        super().__init__(source, target, absent)
        require_share("other", other)
        require_share("beside", beside)
        if absent + other > 1:
            raise UsageError(f"absent = {absent:g} and other = {other:g} are more than all cases")
        self.other, self.beside = other, beside
        self.classes = (self.kind,)
        self._generators: Mapping[Kind, Generator] = {**_usual(), self.kind: generator}

    def kinds(self, case: Case) -> tuple[Kind, ...]:
        """The kind asked for, or none."""
        return () if share_of(case) < self.absent + self.other else (self.kind,)

    def generator(self, kind: Kind) -> Generator:
        """What draws a kind."""
        return self._generators[kind]

    def attribute(self, case: Case) -> str:
        """The kind, the other kind, or `none`."""
        return self.kind if self.kinds(case) else self._other(case) or NONE

    def _other(self, case: Case) -> Kind | None:
        if not self.absent <= share_of(case) < self.absent + self.other:
            return None
        others = _others(self.kind)
        return others[int(share_of(case, "which") * len(others))]

    def _kept(self, clean: Floats, case: Case, rng: np.random.Generator) -> Floats:
        other = self._other(case)
        if other is None and self.beside and rng.random() < self.beside:
            other = _others(self.kind)[int(rng.integers(len(KINDS) - 1))]
        return clean if other is None else laid(clean, self.generator(other).draw(clean, rng))


class BodyMarker(_OfOneKind):
    """A view that draws body markers over clean images, as `Overlay` says, each within the 20 % along one edge.

    Args:
        source: clean images.
        target: the reference: `clean`, `noisy`, `mask` (0 and 1) or `boxes`.
        absent: share of the cases that carry no annotation.
        other: share of the cases that carry one of another kind alone, which belongs to the clean image and is to stay.
        beside: probability, drawn at each reading, that one of another kind is there beside; it too is to stay. For training: so a network
            learns what to leave.
        sizes: of a marker's longer side, as parts of the image's shorter side.
        greys: of its lines' brightest channel, 0 black and 1 white.
        icons: a folder of PNG files in place of the icons that are drawn; grey, or with an alpha channel.

    Raises:
        UsageError: a parameter is out of range.
        DataError: the folder of icons is missing or empty, or a file in it is no icon.
    """

    kind: Kind = "body-marker"

    def __init__(
        self,
        source: Dataset[Image, Any],
        target: Target = "clean",
        absent: float = 0.0,
        other: float = 0.0,
        beside: float = 0.0,
        sizes: tuple[float, float] = (0.09, BORDER),
        greys: tuple[float, float] = (0.6, 1.0),
        icons: Path | None = None,
    ) -> None:
        own = () if icons is None else read_icons(icons)
        super().__init__(source, MarkerGenerator(sizes, greys, own), target, (absent, other, beside))


class RadialLine(_OfOneKind):
    """A view that draws radial lines over clean images, as `Overlay` says: one to three pairs of crosses around a dark blob, or around an
    ellipse anywhere.

    Args:
        source: clean images.
        target: the reference: `clean`, `noisy`, `mask` (0 and 1) or `boxes`.
        absent: share of the cases that carry no annotation.
        other: share of the cases that carry one of another kind alone, which belongs to the clean image and is to stay.
        beside: probability, drawn at each reading, that one of another kind is there beside; it too is to stay. For training: so a network
            learns what to leave.
        sizes: of a cross, as parts of the image's shorter side.
        greys: of its lines' brightest channel, 0 black and 1 white.

    Raises:
        UsageError: a parameter is out of range.
    """

    kind: Kind = "radial-line"

    def __init__(
        self,
        source: Dataset[Image, Any],
        target: Target = "clean",
        absent: float = 0.0,
        other: float = 0.0,
        beside: float = 0.0,
        sizes: tuple[float, float] = (0.024, 0.06),
        greys: tuple[float, float] = (0.7, 1.0),
    ) -> None:
        super().__init__(source, LineGenerator(sizes, greys), target, (absent, other, beside))


class VascularFlow(_OfOneKind):
    """A view that draws the box or parallelogram of a flow measurement over clean images, as `Overlay` says.

    Args:
        source: clean images.
        target: the reference: `clean`, `noisy`, `mask` (0 and 1) or `boxes`.
        absent: share of the cases that carry no annotation.
        other: share of the cases that carry one of another kind alone, which belongs to the clean image and is to stay.
        beside: probability, drawn at each reading, that one of another kind is there beside; it too is to stay. For training: so a network
            learns what to leave.
        sizes: of the box's sides, as parts of the image's.
        greys: of its lines' brightest channel, 0 black and 1 white.

    Raises:
        UsageError: a parameter is out of range.
    """

    kind: Kind = "vascular-flow"

    def __init__(
        self,
        source: Dataset[Image, Any],
        target: Target = "clean",
        absent: float = 0.0,
        other: float = 0.0,
        beside: float = 0.0,
        sizes: tuple[float, float] = (0.2, 0.7),
        greys: tuple[float, float] = (0.55, 1.0),
    ) -> None:
        super().__init__(source, FlowGenerator(sizes, greys), target, (absent, other, beside))


class AllKinds(Overlay):
    """A view that draws annotations of all kinds over clean images, as `Overlay` says; a case has one kind or several, by its id.

    Args:
        source: clean images.
        target: the reference: `clean`, `noisy`, `mask` (1 body marker, 2 radial line, 3 vascular flow) or `boxes` (0, 1, 2).
        absent: share of the cases that carry no annotation; all others carry at least one.
        body_marker, radial_line, vascular_flow: probability of each, apart from the others.
        icons: as for `annotation/body-marker`.

    Raises:
        UsageError: a parameter is out of range, or every probability is 0.
        DataError: the folder of icons is missing or empty, or a file in it is no icon.
    """

    classes = KINDS

    def __init__(
        self,
        source: Dataset[Image, Any],
        target: Target = "clean",
        absent: float = 0.0,
        body_marker: float = 0.5,
        radial_line: float = 0.5,
        vascular_flow: float = 0.5,
        icons: Path | None = None,
    ) -> None:
        super().__init__(source, target, absent)
        self.probabilities = dict(zip(KINDS, (body_marker, radial_line, vascular_flow), strict=True))
        for kind, probability in self.probabilities.items():
            require_share(kind.replace("-", "_"), probability)
        if not any(self.probabilities.values()):
            raise UsageError("body_marker, radial_line and vascular_flow are all 0: at least one is wanted")
        own = () if icons is None else read_icons(icons)
        self._generators: Mapping[Kind, Generator] = {**_usual(), "body-marker": MarkerGenerator(icons=own)}

    def kinds(self, case: Case) -> tuple[Kind, ...]:
        """Each with its probability; at least one, unless the case is to have none."""
        if share_of(case) < self.absent:
            return ()
        found = tuple(kind for kind, probability in self.probabilities.items() if share_of(case, kind) < probability)
        return found or (self._one(case),)

    def generator(self, kind: Kind) -> Generator:
        """What draws a kind."""
        return self._generators[kind]

    def _one(self, case: Case) -> Kind:
        """One kind, in proportion to the probabilities."""
        wanted = share_of(case, "one") * sum(self.probabilities.values())
        ends = itertools.accumulate(self.probabilities.values())
        return next(kind for kind, end in zip(self.probabilities, ends, strict=True) if wanted < end)


def _others(kind: Kind) -> list[Kind]:
    return [each for each in KINDS if each != kind]


def share_of(case: Case, question: str = "annotation") -> float:
    """A number in 0..1, even over cases, by the id of a case, or of the whole that it is a part of."""
    digest = hashlib.blake2b(f"{question} {case.whole or case.id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def require_share(name: str, value: float) -> None:
    """Refuse what is no share.

    Raises:
        UsageError: not in 0..1.
    """
    if not 0 <= value <= 1:
        raise UsageError(f"{name} = {value:g}: a share from 0 to 1 is wanted")


def _usual() -> dict[Kind, Generator]:
    return {"body-marker": MarkerGenerator(), "radial-line": LineGenerator(), "vascular-flow": FlowGenerator()}


def _clean(sample: Sample[Any, Any]) -> Floats:
    """(3, H, W)."""
    image = sample.inputs
    if not isinstance(image, Image) or image.pixels.ndim != 3 or len(image.pixels) not in (1, 3) or image.unit != "0..1":
        told = f"{tuple(image.pixels.shape)} in {image.unit or 'no unit'}" if isinstance(image, Image) else type(image).__name__
        raise DataError(f"case {sample.case.id}: annotations are drawn on images (1, H, W) or (3, H, W) in 0..1, not on {told}")
    pixels = image.clean if isinstance(image, Annotated) and image.clean is not None else image.pixels
    if min(pixels.shape[1:]) < SHORTEST:
        height, width = pixels.shape[1:]
        raise DataError(
            f"case {sample.case.id}: {width} x {height} pixels have no room for annotations: {SHORTEST} along a side are wanted"
        )
    return np.ascontiguousarray(pixels.expand(3, -1, -1).numpy())


def _laid(clean: Floats, drawn: Drawn) -> Floats:
    return laid(clean, [layer for layers in drawn.values() for layer in layers])
