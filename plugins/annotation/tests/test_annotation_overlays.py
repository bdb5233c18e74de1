"""Views that draw annotations: what they give for each target, which cases have none, and what they refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from medai.api import build
from medai.errors import DataError, UsageError
from medai.tasks import Boxes, Case, Image, Mask, Sample
from medai_annotation.annotated import Annotated
from medai_annotation.kinds import KINDS

SINGLE = [(kind, place + 1) for place, kind in enumerate(KINDS)]


class Source:
    """Noise in grey; counts its readings."""

    def __init__(self, count: int = 4, shape: tuple[int, ...] = (1, 64, 80), unit: str = "0..1") -> None:
        self.count, self.shape, self.unit, self.reads = count, shape, unit, 0

    def cases(self) -> Sequence[Case]:
        return [Case(f"case-{number}", f"group-{number}", attributes={"site": "a"}) for number in range(self.count)]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        self.reads += 1
        pixels = torch.rand(self.shape, generator=torch.Generator().manual_seed(int(case.id[5:]))) * 0.4
        return Sample(case, Image(pixels, self.unit))


def read(view: Any, place: int = 0, seed: int = 0) -> Any:
    return view.read(view.cases()[place], np.random.default_rng(seed))


@pytest.mark.parametrize(("kind", "number"), SINGLE)
def test_gives_noisy_clean_another_noisy_and_mask_of_one_image(kind: str, number: int) -> None:
    source = Source()
    original = source.read(source.cases()[0], np.random.default_rng(0)).inputs.pixels.expand(3, -1, -1)
    by_target = {target: read(build(f"annotation/{kind}", source=source, target=target)) for target in ("clean", "noisy", "mask", "boxes")}
    noisy = by_target["clean"].inputs
    assert isinstance(noisy, Annotated) and noisy.clean is not None and noisy.marks is not None
    for sample in by_target.values():
        assert torch.equal(sample.inputs.pixels, noisy.pixels) and torch.equal(sample.inputs.clean, original)
        assert sample.case.attributes == {"site": "a", "annotation": kind}
    assert torch.equal(by_target["clean"].reference.pixels, original)
    changed = (noisy.pixels != original).any(0)
    assert changed.any() and not (changed & (noisy.marks == 0)).any()
    assert set(noisy.marks.flatten().tolist()) == {0, number}

    other = by_target["noisy"].reference
    assert type(other) is Image and other.unit == "0..1"
    others = (other.pixels != original).any(0)
    assert others.any() and float((others & changed).sum()) < 0.5 * float(changed.sum())

    mask, boxes = by_target["mask"].reference, by_target["boxes"].reference
    assert isinstance(mask, Mask) and torch.equal(mask.labels, (noisy.marks > 0).long())
    assert isinstance(boxes, Boxes) and boxes.labels.tolist() == [0]
    rows, columns = noisy.marks.nonzero().unbind(1)
    assert boxes.boxes.tolist() == [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]


def test_both_noisy_images_of_a_pair_are_drawn_independently() -> None:
    view = build("annotation/body-marker", source=Source(), target="noisy")
    pairs = [read(view, seed=seed) for seed in range(40)]
    places = [
        [float(((image - sample.inputs.clean).abs().amax(0) > 0).nonzero().float().mean(0)[1]) for image in images]
        for sample in pairs
        for images in ((sample.inputs.pixels, sample.reference.pixels),)
    ]
    assert abs(np.corrcoef(np.array(places).T)[0, 1]) < 0.45


def test_each_reading_draws_afresh_by_its_generator() -> None:
    view = build("annotation/radial-line", source=Source())
    assert torch.equal(read(view, seed=1).inputs.pixels, read(view, seed=1).inputs.pixels)
    assert not torch.equal(read(view, seed=1).inputs.pixels, read(view, seed=2).inputs.pixels)


def test_shares_without_annotation_or_with_another_one_depend_on_ids_alone() -> None:
    source = Source(1500)
    view = build("annotation/radial-line", source=source, absent=1 / 3, other=1 / 3)
    count = Counter(case.attributes["annotation"] for case in view.cases())
    assert source.reads == 0
    assert set(count) == {"none", "radial-line", "body-marker", "vascular-flow"}
    assert abs(count["none"] - 500) < 60 and abs(count["radial-line"] - 500) < 60
    assert abs(count["body-marker"] - count["vascular-flow"]) < 60
    few = build("annotation/radial-line", source=Source(20), absent=1 / 3, other=1 / 3)
    assert [case.attributes for case in few.cases()] == [case.attributes for case in view.cases()[:20]]


@pytest.mark.parametrize("target", ["clean", "noisy", "mask", "boxes"])
def test_another_kind_belongs_to_the_clean_image_and_none_is_none(target: str) -> None:
    source = Source(30)
    view = build("annotation/vascular-flow", source=source, target=target, absent=0.4, other=0.4)
    seen = set()
    for place, case in enumerate(view.cases()):
        sample, told = read(view, place), case.attributes["annotation"]
        seen.add(told)
        if told == "vascular-flow":
            continue
        original = source.read(case, np.random.default_rng(0)).inputs.pixels.expand(3, -1, -1)
        assert torch.equal(sample.inputs.pixels, sample.inputs.clean) and not sample.inputs.marks.any()
        assert torch.equal(sample.inputs.clean, original) == (told == "none")
        if target in ("clean", "noisy"):
            assert torch.equal(sample.reference.pixels, sample.inputs.clean)
        else:
            assert not (sample.reference.labels.any() if target == "mask" else len(sample.reference))
    assert seen == {"vascular-flow", "none", "body-marker", "radial-line"}


def test_what_stands_beside_is_drawn_anew_and_stays() -> None:
    source = Source(count=1, shape=(1, 96, 96))
    original = source.read(source.cases()[0], np.random.default_rng(0)).inputs.pixels.expand(3, -1, -1)
    plain, view = (build("annotation/body-marker", source=source, target="noisy", **more) for more in ({}, {"beside": 0.5}))
    kept = []
    for seed in range(60):
        sample = read(view, seed=seed)
        more = (sample.inputs.clean != original).any(0)
        kept.append(bool(more.any()))
        # It is in both noisy images, and no mark.
        untouched = more & (sample.inputs.marks == 0)
        assert torch.equal(sample.inputs.pixels[:, untouched], sample.inputs.clean[:, untouched])
        assert set(sample.inputs.marks.flatten().tolist()) == {0, 1}
        assert sample.case.attributes["annotation"] == "body-marker"
    assert 15 < sum(kept) < 45
    assert all(torch.equal(read(plain, seed=seed).inputs.clean, original) for seed in range(5))


def test_all_kinds_are_drawn_with_their_probabilities_and_at_least_one() -> None:
    view = build("annotation/all-kinds", source=Source(1000), absent=0.2, body_marker=0.3, radial_line=0.6, vascular_flow=0.0)
    told = [case.attributes["annotation"] for case in view.cases()]
    assert abs(told.count("none") - 200) < 45
    drawn = [text.split(" + ") for text in told if text != "none"]
    assert all(set(kinds) <= {"body-marker", "radial-line"} for kinds in drawn)
    # 0.6, and where neither was drawn (0.28), two of three.
    assert np.mean(["radial-line" in kinds for kinds in drawn]) == pytest.approx(0.6 + 0.28 * 2 / 3, abs=0.05)


def test_all_kinds_say_in_masks_and_boxes_which_is_where() -> None:
    source = Source(12)
    masks, boxes = (build("annotation/all-kinds", source=source, target=target) for target in ("mask", "boxes"))
    for place, case in enumerate(masks.cases()):
        kinds = [KINDS.index(kind) for kind in str(case.attributes["annotation"]).split(" + ")]
        mask = read(masks, place)
        assert {kind - 1 for kind in mask.reference.labels.unique().tolist() if kind} <= set(kinds)
        assert torch.equal(mask.reference.labels, mask.inputs.marks)
        assert read(boxes, place).reference.labels.tolist() == kinds


@pytest.mark.parametrize(
    ("name", "target", "names"),
    [
        ("radial-line", "mask", ["background", "radial-line"]),
        ("radial-line", "boxes", ["radial-line"]),
        ("all-kinds", "mask", ["background", *KINDS]),
        ("all-kinds", "boxes", [*KINDS]),
    ],
)
def test_states_the_classes_of_masks_and_boxes(name: str, target: str, names: list[str]) -> None:
    facts = build(f"annotation/{name}", source=Source(), target=target).facts
    assert facts == {"model.classes": len(names), "protocol.options.classes": names}
    assert build(f"annotation/{name}", source=Source(), target="noisy").facts == {}


def test_draws_on_the_clean_image_of_a_source_that_knows_it() -> None:
    cached = build("medai/cached", source=build("annotation/body-marker", source=Source(3)))
    first, again = (read(build("annotation/vascular-flow", source=cached, target="noisy"), seed=seed) for seed in (0, 1))
    assert torch.equal(first.inputs.clean, read(cached).inputs.clean) and torch.equal(first.inputs.clean, again.inputs.clean)
    assert not torch.equal(first.inputs.pixels, again.inputs.pixels)
    assert set(first.inputs.marks.unique().tolist()) == {0, 3} and first.case.attributes["annotation"] == "vascular-flow"


def test_parts_of_a_case_are_annotated_as_the_whole_is() -> None:
    view = build("annotation/body-marker", source=Source(), absent=0.5)
    for case in view.cases():
        part = Case(f"{case.id}-part", case.group, whole=case.id)
        assert view.attribute(part) == case.attributes["annotation"]


def test_a_users_icons_are_drawn(tmp_path: Path) -> None:
    Picture.new("RGB", (30, 30), (255, 0, 0)).save(tmp_path / "red.png")
    for name, options in (("body-marker", {}), ("all-kinds", {"radial_line": 0.0, "vascular_flow": 0.0, "body_marker": 1.0})):
        sample = read(build(f"annotation/{name}", source=Source(), icons=tmp_path, **options))
        red, green, blue = sample.inputs.pixels[:, sample.inputs.marks > 0]
        assert red.min() > 0.5 and green.max() == blue.max() == 0


@pytest.mark.parametrize(
    ("shape", "unit", "word"), [((1, 64, 64), "HU", "HU"), ((1, 31, 64), "0..1", "64 x 31"), ((2, 64, 64), "0..1", "2,")]
)
def test_images_that_it_cannot_draw_on_are_refused(shape: tuple[int, ...], unit: str, word: str) -> None:
    view = build("annotation/radial-line", source=Source(shape=shape, unit=unit))
    with pytest.raises(DataError, match=f"case-0.*{word}"):
        read(view)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("body-marker", {"absent": 1.2}),
        ("body-marker", {"absent": 0.6, "other": 0.6}),
        ("all-kinds", {"body_marker": 0.0, "radial_line": 0.0, "vascular_flow": 0.0}),
        ("vascular-flow", {"greys": (0.5, 0.2)}),
    ],
)
def test_options_that_mean_nothing_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        build(f"annotation/{name}", source=Source(), **options)
