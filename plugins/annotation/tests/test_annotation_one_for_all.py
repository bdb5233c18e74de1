"""The network for all annotations at once."""

import pytest
import torch
from torch.nn import functional

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Case, Image, Sample
from medai_annotation.annotated import Annotated
from medai_annotation.cleaned import Cleaned
from medai_annotation.kinds import KINDS
from medai_annotation.models.one_for_all import OneForAll


def drawn_on(count: int = 2, side: int = 32) -> Batch[Image, Image]:
    """Grey images, on each a square of its kind, as bright as the kind says."""
    samples = []
    for place in range(count):
        clean, marks = torch.full((3, side, side), 0.3), torch.zeros(side, side, dtype=torch.int64)
        marks[6:18, 6:18] = place % len(KINDS) + 1
        noisy = torch.where(marks > 0, 0.6 + 0.2 * (place % len(KINDS)), clean)
        case = Case(f"case-{place}", f"case-{place}")
        samples.append(Sample(case, Annotated(noisy, "0..1", clean=clean, marks=marks), Image(clean, "0..1")))
    return Batch.of(samples)


def test_it_learns_the_image_and_the_kinds() -> None:
    torch.manual_seed(0)
    network, batch = OneForAll(), drawn_on()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    courses: list[dict[str, float]] = []
    for _ in range(50):
        optimizer.zero_grad()
        losses = network.training_step(batch, functional.mse_loss, "all")
        torch.autograd.backward(list(losses.values()))
        assert all(value.grad is not None for value in network.parameters())
        optimizer.step()
        courses.append({name: float(value.detach()) for name, value in losses.items()})
    assert courses[-1]["loss"] < 0.5 * courses[0]["loss"]
    assert courses[-1]["kinds"] < 0.6 * courses[0]["kinds"]


def test_the_losses_are_the_recipes_and_the_weighted_cross_entropy() -> None:
    torch.manual_seed(0)
    network, batch = OneForAll(kinds_weight=0.25), drawn_on()
    assert isinstance(batch.inputs, Annotated) and batch.inputs.marks is not None and batch.reference is not None
    with torch.no_grad():
        losses = network.training_step(batch, lambda image, clean: {"mine": (image - clean).square().mean()}, "all")
        by_default = network.training_step(batch, None, "all")
        found = network.everything(batch.inputs.pixels)
    assert list(losses) == ["mine", "kinds"]
    torch.testing.assert_close(losses["mine"], functional.mse_loss(found[:, :3], batch.reference.pixels))
    wrong, marks = functional.cross_entropy(found[:, 3:], batch.inputs.marks, reduction="none"), batch.inputs.marks
    counts = torch.where(marks > 0, 8.0, 1.0)
    torch.testing.assert_close(losses["kinds"], 0.25 * (counts * wrong).sum() / counts.sum())
    torch.testing.assert_close(by_default["loss"], functional.l1_loss(found[:, :3], batch.reference.pixels))


def test_it_predicts_images_that_say_what_was_on_them() -> None:
    torch.manual_seed(0)
    network, batch = OneForAll().eval(), drawn_on(3, 40)
    with torch.no_grad():
        predicted = network.predict(batch)
        images, chances = network(batch.inputs.pixels), network.everything(batch.inputs.pixels)[:, 3:].softmax(1)
    assert len(predicted) == 3
    for place, each in enumerate(predicted):
        assert isinstance(each, Cleaned) and each.marks is not None and each.scores is not None
        torch.testing.assert_close(each.pixels, images[place])
        assert each.unit == "0..1"
        torch.testing.assert_close(each.marks, chances[place].argmax(0))
        assert each.scores.shape == (len(KINDS),)
        torch.testing.assert_close(each.scores, chances[place, 1:].flatten(1).sort(descending=True).values[:, :16].mean(1))
        assert each.counts == {kind: int((each.marks == number).sum()) for number, kind in enumerate(KINDS, start=1)}


def test_a_score_is_the_mean_of_the_sixteen_surest_pixels() -> None:
    network = OneForAll().eval()
    logits = torch.zeros(1, 4, 20, 20)
    logits[:, 1, 2, 2:18] = 50.0
    logits[:, 2, 6, 6:10] = 50.0
    network.everything = lambda pixels: torch.cat([pixels, logits], 1)  # type: ignore[method-assign]
    pixels = torch.rand(1, 3, 20, 20)
    found = network.predict(Batch.of([Sample(Case("a", "a"), Image(pixels[0], "0..1"), None)]))[0]
    assert isinstance(found, Cleaned) and found.scores is not None
    assert found.scores.tolist() == pytest.approx([1.0, (4 + 12 * 0.25) / 16, 0.25], abs=1e-4)
    assert found.counts == {"body-marker": 16, "radial-line": 4, "vascular-flow": 0}


def test_a_volume_and_a_grey_image_are_answered_in_their_shape() -> None:
    network = OneForAll().eval()
    volume = Batch.of([Sample(Case("a", "a"), Image(torch.rand(1, 2, 33, 47), "0..1"), None)])
    with torch.no_grad():
        found = network.predict(volume)[0]
    assert isinstance(found, Cleaned) and found.marks is not None and found.scores is not None
    assert (found.pixels.shape, found.marks.shape, found.scores.shape) == ((1, 2, 33, 47), (2, 33, 47), (len(KINDS),))


def test_images_that_do_not_say_what_was_drawn_are_refused() -> None:
    plain = Batch.of([Sample(Case("a", "a"), Image(torch.rand(3, 32, 32)), Image(torch.rand(3, 32, 32)))])
    with pytest.raises(DataError, match="case a does not say what was drawn"):
        OneForAll().training_step(plain, None, "all")
    unknown = Batch.of([Sample(Case("a", "a"), Annotated(torch.rand(3, 32, 32)), None)])
    with pytest.raises(DataError, match="case a has no reference"):
        OneForAll().training_step(unknown, None, "all")
    with pytest.raises(UsageError, match="kinds_weight = 0"):
        OneForAll(kinds_weight=0)


def test_cleaned_images_stack_and_move_with_all_that_they_know() -> None:
    known = [Cleaned(torch.rand(3, 4, 5), "0..1", marks=torch.ones(4, 5).long(), scores=torch.rand(3)) for _ in range(2)]
    stacked = Cleaned.stack(known)
    assert stacked.marks is not None and stacked.scores is not None
    assert (stacked.marks.shape, stacked.scores.shape) == ((2, 4, 5), (2, 3))
    moved = stacked.to("meta")
    assert moved.marks is not None and moved.scores is not None
    assert moved.pixels.device == moved.marks.device == moved.scores.device == torch.device("meta")
    less = Cleaned.stack([known[0], Cleaned(torch.rand(3, 4, 5), "0..1")])
    assert less.marks is None and less.scores is None
    assert Cleaned(torch.rand(3, 4, 5)).counts == {}
