"""Masks: conventions, figures by hand and by brute force, files, picture."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import pyplot
from PIL import Image as Picture
from scipy import ndimage
from scipy.spatial.distance import cdist

from medai.errors import DataError, PluginError
from medai.io import read_image
from medai.tasks import Batch, Case, Image, Mask, Origin, Sample
from medai.tasks.segmentation import Dice, Iou, Segmentation, SurfaceDistance

TASK = Segmentation()
RNG = np.random.default_rng(4)


def mask(values: Any) -> Mask:
    return Mask(torch.as_tensor(np.asarray(values, dtype=np.int64)))


def sample(reference: Mask | None, shape: tuple[int, ...] = (), origin: Origin | None = None) -> Sample[Image, Mask]:
    size = shape or tuple(reference.labels.shape)  # type: ignore[union-attr]
    pixels = torch.linspace(0, 1, math.prod(size)).reshape(1, *size)
    return Sample(Case("p-1-0001", "p-1"), Image(pixels, "0..1", origin), reference)


def blob(shape: tuple[int, ...], classes: int = 2) -> Mask:
    """A smooth random mask."""
    values = ndimage.gaussian_filter(RNG.normal(size=shape), 2)
    return mask(np.digitize(values, np.quantile(values, np.linspace(0.6, 1, classes, endpoint=False)[: classes - 1])))


PLANE = mask([[0, 1, 1, 0], [0, 1, 2, 2]])
OTHER = mask([[0, 1, 0, 0], [1, 1, 2, 0]])


@pytest.mark.parametrize(
    ("metric", "first", "second"),
    [(Dice, 2 * 2 / (3 + 3), 2 * 1 / (1 + 2)), (Iou, 2 / 4, 1 / 2)],
)
def test_overlap_by_hand(metric: type[Dice] | type[Iou], first: float, second: float) -> None:
    name = metric.name
    figures = metric().total([metric().case(OTHER, sample(PLANE))])
    assert figures == {name: pytest.approx((first + second) / 2), f"{name}-1": pytest.approx(first), f"{name}-2": pytest.approx(second)}


def test_cases_are_averaged_or_pooled() -> None:
    pairs = [(mask([[1, 1, 1, 1]]), mask([[1, 1, 1, 1]])), (mask([[1, 0, 0, 0]]), mask([[0, 1, 0, 0]]))]
    each, pooled = Dice(), Dice("pooled", label="all")
    assert each.total([each.case(found, sample(truth)) for found, truth in pairs])["dice"] == 0.5
    assert pooled.total([pooled.case(found, sample(truth)) for found, truth in pairs])["all-dice"] == pytest.approx(8 / 10)


def test_a_structure_that_neither_mask_has_leaves_the_case_out() -> None:
    empty, full = mask(np.zeros((2, 2))), mask(np.ones((2, 2)))
    for metric in (Dice(), Iou()):
        name = metric.name
        nothing = metric.case(empty, sample(empty))
        assert metric.total([nothing]) == {name: pytest.approx(math.nan, nan_ok=True)}
        assert metric.total([nothing, metric.case(full, sample(full))])[name] == 1
        # One that only one of them has counts, whichever it is.
        assert metric.total([metric.case(full, sample(empty))])[name] == 0
        assert metric.total([metric.case(empty, sample(full))])[name] == 0
        assert math.isnan(metric.total([])[name])


def test_classes_that_are_named_have_figures_everywhere() -> None:
    metric = Iou(classes=("background", "liver", "spleen"))
    figures = metric.total([metric.case(mask([[1, 1]]), sample(mask([[1, 1]])))])
    assert figures == {"iou": 1, "iou-liver": 1, "iou-spleen": pytest.approx(math.nan, nan_ok=True)}
    one = Iou(classes=("background", "lesion"))
    assert one.total([one.case(mask([[1, 1]]), sample(mask([[1, 0]])))]) == {"iou": 0.5}


def test_overlap_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, found = blob((30, 40), 4), blob((30, 40), 4)
    flat = truth.labels.flatten().numpy(), found.labels.flatten().numpy()
    for metric, judge in ((Dice("pooled"), metrics.f1_score), (Iou("pooled"), metrics.jaccard_score)):
        figures = metric.total([metric.case(found, sample(truth))])
        expected = judge(*flat, labels=[1, 2, 3], average=None)
        assert list(figures.values())[1:] == pytest.approx(expected.tolist())
        assert next(iter(figures.values())) == pytest.approx(expected.mean())


@pytest.mark.parametrize("shape", [(20, 24), (8, 12, 10)])
@pytest.mark.parametrize("metric", [Dice(), Dice("pooled"), Iou(), SurfaceDistance()])
def test_a_perfect_mask_has_the_best_figure_and_order_does_not_matter(metric: Any, shape: tuple[int, ...]) -> None:
    truths = [blob(shape, 3) for _ in range(4)]
    best = metric.total([metric.case(truth, sample(truth)) for truth in truths])
    assert set(best.values()) == {0.0 if metric.better == "lower" else 1.0}
    parts = [metric.case(blob(shape, 3), sample(truth)) for truth in truths]
    figures = metric.total(parts)
    assert metric.total(parts[::-1]) == pytest.approx(figures)
    assert all(0 < value < (math.inf if metric.better == "lower" else 1) for value in figures.values())


def brute_force(first: np.ndarray, second: np.ndarray, spacing: tuple[float, ...]) -> tuple[float, float]:
    """hd95 and assd from every pair of surface pixels."""

    def surface(inside: np.ndarray) -> np.ndarray:
        padded = np.pad(inside, 1)
        touched = np.zeros_like(inside)
        for axis in range(inside.ndim):
            for step in (-1, 1):
                touched |= ~np.roll(padded, step, axis)[(slice(1, -1),) * inside.ndim]
        return np.argwhere(inside & touched) * np.array(spacing)

    apart = cdist(surface(first), surface(second))
    there, back = apart.min(1), apart.min(0)
    return max(np.percentile(there, 95), np.percentile(back, 95)), float(np.concatenate([there, back]).mean())


@pytest.mark.parametrize(("shape", "spacing"), [((20, 24), (0.5, 0.8)), ((7, 12, 10), (3.0, 0.7, 0.9)), ((12, 9), ())])
def test_distances_agree_with_brute_force(shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    truth, found = blob(shape, 3), blob(shape, 3)
    metric = SurfaceDistance()
    figures = metric.total([metric.case(found, sample(truth, origin=Origin(spacing=spacing)))])
    for index in (1, 2):
        expected = brute_force(found.labels.numpy() == index, truth.labels.numpy() == index, spacing or (1.0,) * len(shape))
        assert (figures[f"hd95-{index}"], figures[f"assd-{index}"]) == pytest.approx(expected)


def test_distances_are_in_millimetres() -> None:
    truth, found = np.zeros((10, 20, 20)), np.zeros((10, 20, 20))
    truth[2:6, 5:15, 5:15] = 1
    found[3:7, 5:15, 5:15] = 1
    origin = Origin(spacing=(2.5, 0.7, 0.7))
    metric = SurfaceDistance()
    assert metric.total([metric.case(mask(found), sample(mask(truth), origin=origin))])["hd95"] == 2.5


def test_a_missed_structure_is_as_far_off_as_the_image_is_long() -> None:
    empty, some = mask(np.zeros((30, 40))), mask(np.eye(30, 40))
    metric = SurfaceDistance(label="liver")
    for found, truth in ((empty, some), (some, empty)):
        figures = metric.total([metric.case(found, sample(truth))])
        assert (figures["liver-hd95"], figures["liver-assd"]) == (50, 50)
    assert math.isnan(metric.total([metric.case(empty, sample(empty))])["liver-hd95"])


@pytest.mark.parametrize("metric", [Dice(), Iou(), SurfaceDistance()])
def test_metrics_need_a_reference_of_the_same_shape(metric: Any) -> None:
    with pytest.raises(DataError, match="no reference"):
        metric.case(PLANE, sample(None, (2, 4)))
    with pytest.raises(DataError, match=r"a prediction of \(2, 4\) for a reference of \(2, 3\)"):
        metric.case(PLANE, sample(mask(np.zeros((2, 3)))))


@pytest.mark.parametrize("shape", [(5, 6), (3, 5, 6)])
def test_a_plain_module_gives_logits(shape: tuple[int, ...]) -> None:
    batch = Batch.of([sample(blob(shape, 3)) for _ in range(2)]).to("cpu")
    assert TASK.arguments(batch)[0].shape == (2, 1, *shape)
    assert (TASK.target(batch).shape, TASK.target(batch).dtype) == ((2, *shape), torch.int64)
    logits = torch.randn(2, 3, *shape, requires_grad=True)
    for found, each in zip(TASK.predictions(logits, batch), logits, strict=True):
        assert torch.equal(found.labels, each.softmax(0).argmax(0))
    single = torch.randn(2, 1, *shape)
    for found, each in zip(TASK.predictions(single, batch), single, strict=True):
        assert torch.equal(found.labels, (each[0].sigmoid() > 0.5).long())


def test_what_a_plain_module_may_not_give() -> None:
    batch = Batch.of([sample(PLANE)])
    for wrong, words in (
        (torch.zeros(1, 2, 4), r"not logits \(B, n, H, W\)"),
        ([torch.zeros(1, 2, 2, 4)], "the model gave a list"),
        (torch.zeros(1, 2, 2, 5), r"masks of \(1, 2, 5\) where \(1, 2, 4\) were due"),
    ):
        with pytest.raises(PluginError, match=words):
            TASK.predictions(wrong, batch)
    with pytest.raises(DataError, match="no reference"):
        TASK.target(Batch.of([sample(None, (2, 4))]))
    with pytest.raises(DataError, match="different shapes"):
        Mask.stack([PLANE, mask([[1]])])


def test_samples_are_checked() -> None:
    TASK.check(sample(PLANE))
    TASK.check(sample(None, (3, 4, 5)))
    for reference, words in (
        (mask([[0, 1]]), r"the mask is of \(1, 2\), the image of \(2, 4\)"),
        (Mask(PLANE.labels.int()), "not int64"),
        (mask(PLANE.labels.numpy() - 1), "negative class -1"),
        (mask(PLANE.labels.numpy() + 65534), "65535 is the highest"),
        (PLANE.labels, "is a Tensor, not a Mask"),
    ):
        with pytest.raises(DataError, match=words):
            TASK.check(sample(reference, (2, 4)))
        with pytest.raises(PluginError, match="the prediction of case p-1-0001"):
            TASK.check_prediction(reference, sample(PLANE))
    with pytest.raises(DataError, match="not finite"):
        TASK.check(Sample(Case("a", "a"), Image(torch.full((1, 2, 4), math.nan)), PLANE))
    with pytest.raises(DataError, match="not float32"):
        TASK.check(Sample(Case("a", "a"), Image(torch.zeros(2, 4)), PLANE))


@pytest.mark.parametrize(
    ("shape", "classes", "placed", "suffix"),
    [
        ((6, 8), 3, False, ".png"),
        ((6, 8), 300, False, ".npy"),
        ((3, 6, 8), 3, False, ".npy"),
        ((1, 6, 8), 3, False, ".npy"),
        ((6, 8), 300, True, ".nii.gz"),
        ((3, 6, 8), 65535, True, ".nii.gz"),
        ((1, 6, 8), 3, True, ".nii.gz"),
    ],
)
def test_masks_come_back_from_their_file_exactly(tmp_path: Path, shape: tuple[int, ...], classes: int, placed: bool, suffix: str) -> None:
    affine = np.array([[0, 0.1, -0.7, 10], [0, -0.6, -0.1, -20], [2.5, 0, 0, 30], [0, 0, 0, 1]])
    origin = Origin(affine=affine, spacing=(2.5, 0.6, 0.7)[-len(shape) :])
    held = mask(RNG.integers(0, classes + 1, shape))
    held.labels.view(-1)[0] = classes
    path = TASK.save(held, sample(held, origin=origin if placed else None), tmp_path / "deep" / "p-1.5")
    assert path == tmp_path / "deep" / f"p-1.5{suffix}"
    read = TASK.load(path)
    assert torch.equal(read.labels, held.labels)
    assert read.labels.dtype == torch.int64
    if placed:
        nibabel = pytest.importorskip("nibabel")
        assert nibabel.load(path).get_data_dtype() == (np.uint8 if classes < 256 else np.uint16)
        last = np.array([size - 1 for size in shape])
        here = affine @ np.append(np.pad(last, (0, 3 - len(last))), 1)
        there = nibabel.load(path).affine @ np.append(np.pad(last[::-1], (0, 3 - len(last))), 1)
        np.testing.assert_allclose(there, here, atol=1e-4)


def test_a_file_that_is_no_mask_names_itself(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[0.5, 1.0]], dtype=np.float32))
    np.save(tmp_path / "b.npy", np.array([[-1.0, 1.0]], dtype=np.float32))
    Picture.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "c.png")
    for name, words in (("a.npy", "holds no classes"), ("b.npy", "negative class"), ("c.png", "holds no classes"), ("d.npy", "exist")):
        with pytest.raises(DataError, match=rf"{name}: .*{words}"):
            TASK.load(tmp_path / name)


def test_images_are_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 4), dtype=np.float32))
    assert len(TASK.open([tmp_path]).cases()) == 1


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2


def test_the_picture_has_every_panel() -> None:
    truth = np.zeros((64, 48), int)
    truth[disc(truth.shape, (25, 20), 12)] = 1
    truth[disc(truth.shape, (48, 34), 8)] = 2
    found = np.roll(truth, 2, 1)
    figure = TASK.draw(sample(mask(truth)), mask(found), {"classes": ("background", "liver", "spleen")})
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Reference green, prediction orange", "Reference", "Prediction", "Difference"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["liver", "spleen"]
    missed = int(((truth > 0) & (found == 0)).sum())
    assert figure.axes[3].get_legend().get_texts()[0].get_text() == f"missed {missed} px"
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=40)
    assert np.asarray(Picture.open(drawn).convert("L")).std() > 20
    assert pyplot.get_fignums() == []
    same = TASK.draw(sample(mask(truth)), mask(truth), {})
    assert same.axes[3].get_title() == "No difference"
    alone = TASK.draw(sample(None, (64, 48)), mask(truth), {})
    assert [axes.get_title() for axes in alone.axes] == ["Prediction orange", "Prediction"]


def test_of_a_volume_the_fullest_plane_is_drawn_in_true_proportions() -> None:
    truth = np.zeros((5, 20, 24), int)
    truth[1, 5:8, 5:8], truth[3, 5:15, 5:15] = 1, 1
    case = sample(mask(truth), origin=Origin(spacing=(5.0, 2.0, 1.0)))
    figure = TASK.draw(case, mask(np.zeros_like(truth)), {"window": (0, 1)})
    np.testing.assert_allclose(figure.axes[0].get_images()[0].get_array(), case.inputs.pixels[0, 3])
    assert {axes.get_aspect() for axes in figure.axes} == {2.0}
    assert "plane 4 of 5" in figure._suptitle.get_text()
    figure.savefig(io.BytesIO(), dpi=30)


def test_every_panel_shows_the_patient_as_radiologists_look() -> None:
    truth = mask(disc((20, 24), (8, 9), 4))
    affine = np.diag([1.0, 1, 1, 1]) @ np.eye(4)[[1, 0, 2, 3]]
    turned = TASK.draw(sample(truth, origin=Origin(affine=affine, spacing=(1.0, 1.0))), truth, {})
    plain = TASK.draw(sample(truth), truth, {})
    for figure, rows, columns in ((turned, (-0.5, 19.5), (23.5, -0.5)), (plain, (19.5, -0.5), (-0.5, 23.5))):
        assert {(axes.get_ylim(), axes.get_xlim()) for axes in figure.axes} == {(rows, columns)}


@pytest.mark.realdata
def test_vertebrae_of_a_real_ct(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "ct" / "totalsegmentator"
    image = read_image(folder / "example_ct.nii.gz", "CT")
    truth = TASK.load(folder / "example_ct_vertebrae.nii.gz")
    assert truth.labels.unique().tolist() == [0, *range(26, 34)]
    case = Sample(Case("ct", "ct"), image, truth)
    TASK.check(case)
    moved = Mask(torch.cat([torch.zeros_like(truth.labels[:1]), truth.labels[:-1]]))
    dice, distance = Dice(), SurfaceDistance()
    assert 0.7 < dice.total([dice.case(moved, case)])["dice"] < 1
    # A voxel is 3 mm.
    assert distance.total([distance.case(moved, case)])["hd95"] == pytest.approx(3.0)
    path = TASK.save(moved, case, tmp_path / "ct")
    assert torch.equal(TASK.load(path).labels, moved.labels)
    nibabel = pytest.importorskip("nibabel")
    np.testing.assert_allclose(nibabel.load(path).affine, nibabel.load(folder / "example_ct.nii.gz").affine)
    figure = TASK.draw(case, moved, {"window": (-160, 240)})
    assert figure.axes[3].get_title() == "Difference"


def test_pictures_of_empty_masks_and_of_colour_images() -> None:
    empty = mask(np.zeros((3, 16, 16)))
    TASK.draw(sample(empty), empty, {}).savefig(io.BytesIO(), dpi=30)
    colour = Sample(Case("a", "a"), Image(torch.rand(3, 16, 16), "0..1"), mask(np.eye(16)))
    TASK.draw(colour, mask(np.eye(16)), {}).savefig(io.BytesIO(), dpi=30)
