"""Restoration: conventions, figures against scikit-image, files, picture."""

from __future__ import annotations

import io
import math
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import pyplot
from matplotlib.patches import Rectangle
from PIL import Image as Picture

from medai.errors import DataError, PluginError, UsageError
from medai.tasks import Batch, Case, Image, Origin, Sample
from medai.tasks.restoration import Psnr, Restoration, Rmse, Ssim
from medai.tasks.restoration.region import busiest_region, most_changed

TASK = Restoration()
RNG = np.random.default_rng(3)
WINDOW = (-160.0, 240.0)


def image(values: np.ndarray, unit: str = "HU") -> Image:
    return Image(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)), unit)


def body(shape: tuple[int, ...] = (1, 64, 48)) -> np.ndarray:
    return RNG.normal(20, 150, shape)


def sample(
    reference: np.ndarray | None, inputs: np.ndarray | None = None, unit: str = "HU", origin: Origin | None = None
) -> Sample[Image, Image]:
    given = inputs if inputs is not None else reference
    assert given is not None
    return Sample(Case("p-1-0001", "p-1"), image(given, unit), None if reference is None else image(reference, unit), origin)


def skimage_ssim(first: np.ndarray, second: np.ndarray, peak: float) -> float:
    metrics = pytest.importorskip("skimage.metrics")
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": peak, "channel_axis": 0}
    return float(metrics.structural_similarity(first.astype(np.float64), second.astype(np.float64), **options))


@pytest.mark.parametrize("shape", [(1, 64, 48), (3, 40, 40), (1, 11, 11), (1, 14, 20, 16)])
def test_figures_equal_scikit_image(shape: tuple[int, ...]) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    truth = body(shape).astype(np.float32)
    answer = (truth + RNG.normal(0, 40, shape)).astype(np.float32)
    first, second = answer.clip(*WINDOW).astype(np.float64), truth.clip(*WINDOW).astype(np.float64)
    case = sample(truth)
    assert Ssim(WINDOW).case(image(answer), case) == pytest.approx(skimage_ssim(first, second, 400), abs=1e-10)
    assert Psnr(WINDOW).case(image(answer), case) == pytest.approx(metrics.peak_signal_noise_ratio(second, first, data_range=400), abs=1e-9)
    assert Rmse(WINDOW).case(image(answer), case) == pytest.approx(math.sqrt(np.mean((first - second) ** 2)), rel=1e-12)


def test_psnr_and_rmse_obey_the_printed_relation() -> None:
    case, answer = sample(body()), image(body())
    assert Psnr(WINDOW).case(answer, case) == pytest.approx(20 * math.log10(400 / Rmse(WINDOW).case(answer, case)))


@pytest.mark.parametrize(("unit", "peak"), [("0..1", 1.0), ("HU", 4095.0), ("", 7.0)])
def test_the_peak_without_a_window(unit: str, peak: float) -> None:
    truth = np.linspace(0, 7, 256).reshape(1, 16, 16)
    case, answer = sample(truth, unit=unit), image(truth + 0.5, unit)
    assert Rmse().case(answer, case) == pytest.approx(0.5)
    assert Psnr().case(answer, case) == pytest.approx(20 * math.log10(peak / 0.5), abs=1e-5)
    assert Ssim().case(answer, case) == pytest.approx(skimage_ssim(answer.pixels.numpy(), truth, peak), abs=1e-6)


def test_values_outside_the_window_do_not_count() -> None:
    truth = np.full((1, 16, 16), 0.0)
    truth[0, :8] = -1000
    answer = truth.copy()
    answer[0, :8] = -400
    assert Rmse(WINDOW).case(image(answer), sample(truth)) == 0


def test_only_the_region_counts() -> None:
    truth = body()
    answer = truth + RNG.normal(0, 30, truth.shape)
    part = np.s_[:, 5:35, 10:40]
    for metric in (Psnr, Ssim, Rmse):
        whole = metric(WINDOW).case(image(answer[part]), sample(truth[part]))
        assert metric(WINDOW, roi=(5, 10, 30, 30)).case(image(answer), sample(truth)) == pytest.approx(whole)
    with pytest.raises(DataError, match="leaves an image of 64 x 48"):
        Psnr(roi=(0, 30, 10, 30)).case(image(answer), sample(truth))


def test_an_image_that_equals_its_reference() -> None:
    case = sample(body())
    answer = case.inputs
    assert (Psnr(WINDOW).case(answer, case), Ssim(WINDOW).case(answer, case), Rmse(WINDOW).case(answer, case)) == (100.0, 1.0, 0.0)


def test_what_is_not_defined_is_nan_and_does_not_spoil_the_mean() -> None:
    tiny, flat = sample(np.zeros((1, 8, 8))), sample(np.ones((1, 16, 16)), unit="")
    assert math.isnan(Ssim().case(tiny.inputs, tiny))
    assert math.isnan(Psnr().case(flat.inputs, flat))
    assert Ssim(label="lung").total([0.5, math.nan, 0.7, math.inf]) == {"lung-ssim": pytest.approx(0.6)}
    assert math.isnan(Psnr().total([])["psnr"])
    assert (Psnr.better, Ssim.better, Rmse.better) == ("higher", "higher", "lower")


def test_wrong_parameters_and_cases() -> None:
    with pytest.raises(UsageError, match="below its second"):
        Psnr(window=(240, -160))
    with pytest.raises(UsageError, match="roi"):
        Psnr(roi=(0, 0, 0, 5))
    with pytest.raises(DataError, match="no reference"):
        Psnr().case(image(body()), sample(None, body()))
    with pytest.raises(DataError, match="for a reference of"):
        Psnr().case(image(body((1, 4, 4))), sample(body()))


def test_plain_modules_are_served() -> None:
    samples = [sample(body(), body()) for _ in range(3)]
    batch = Batch.of(samples)
    (pixels,) = TASK.arguments(batch)
    assert pixels.shape == TASK.target(batch).shape == (3, 1, 64, 48)
    answers = TASK.predictions(pixels.to(torch.bfloat16).requires_grad_(), batch)
    assert [answer.pixels.dtype for answer in answers] == [torch.float32] * 3
    assert [answer.unit for answer in answers] == ["HU"] * 3
    assert not answers[0].pixels.requires_grad
    for wrong in (pixels[:, :, :60], pixels[:2], [pixels], pixels[..., 0]):
        with pytest.raises(PluginError, match="the model gave"):
            TASK.predictions(wrong, batch)
    unlabelled = Batch.of([sample(None, body())])
    assert TASK.predictions(unlabelled.inputs.pixels, unlabelled)[0].pixels.shape == (1, 64, 48)
    with pytest.raises(DataError, match="no reference"):
        TASK.target(unlabelled)


def test_samples_are_checked() -> None:
    TASK.check(sample(body(), body()))
    TASK.check(sample(None, body((1, 4, 8, 8))))
    good = image(body())
    spoiled = good.pixels.clone()
    spoiled[0, 3, 4] = math.nan
    for inputs, reference, words in (
        (Image(spoiled, "HU"), good, "the input has pixels that are not finite"),
        (good, Image(spoiled, "HU"), "the reference has pixels"),
        (Image(good.pixels.double(), "HU"), good, "not float32"),
        (Image(good.pixels[0], "HU"), good, "not float32"),
        (Image(good.pixels, "0..1"), good, "another unit"),
        ("text", good, "is a str, not an Image"),
    ):
        with pytest.raises(DataError, match=words):
            TASK.check(Sample(Case("a", "a"), inputs, reference))


def test_predictions_are_checked() -> None:
    case = sample(body())
    TASK.check_prediction(case.inputs, case)
    for wrong, words in (
        (image(body((1, 60, 48))), "the reference of"),
        (Image(case.inputs.pixels * math.inf), "not finite"),
        (Image(case.inputs.pixels.half()), "not float32"),
        (None, "is a NoneType"),
    ):
        with pytest.raises(PluginError, match=words):
            TASK.check_prediction(wrong, case)


def test_files_there_and_back(tmp_path: Path) -> None:
    plain = sample(body())
    path = TASK.save(plain.inputs, plain, tmp_path / "deep" / "p-1.5")
    assert path == tmp_path / "deep" / "p-1.5.npy"
    assert torch.equal(TASK.load(path).pixels, plain.inputs.pixels)
    affine = np.diag([-0.5, -0.5, 2.0, 1.0])
    placed = sample(body((1, 4, 6, 5)), origin=Origin(affine=affine, spacing=(0.5, 0.5, 2.0)))
    path = TASK.save(placed.inputs, placed, tmp_path / "b")
    assert path.name == "b.nii.gz"
    assert torch.equal(TASK.load(path).pixels, placed.inputs.pixels)
    assert TASK.load(path).unit == "HU"
    for name, shape in {"c": (3, 8, 8), "v": (3, 4, 6, 5)}.items():
        colour = sample(body(shape), origin=placed.origin)
        path = TASK.save(colour.inputs, colour, tmp_path / name)
        assert path.name == f"{name}.nrrd"
        assert torch.equal(TASK.load(path).pixels, colour.inputs.pixels)
    flat = sample(body((1, 1, 6, 5)), origin=placed.origin)
    assert TASK.load(TASK.save(flat.inputs, flat, tmp_path / "f")).pixels.shape == (1, 1, 6, 5)
    with pytest.raises(DataError, match="does not exist"):
        TASK.load(tmp_path / "none.npy")
    assert len(TASK.open([tmp_path]).cases()) == 5


def phantom(shape: tuple[int, int] = (128, 96)) -> np.ndarray:
    plane = np.full(shape, -1000.0)
    plane[16:112, 12:84] = 0
    plane[50:80, 30:60] = np.kron(RNG.integers(0, 2, (6, 6)), np.ones((5, 5))) * 80
    return plane


def test_the_region_is_where_the_structure_is() -> None:
    plane = phantom().astype(np.float32)
    row, column, height, width = busiest_region(plane, WINDOW)
    assert (row, column, height, width) == busiest_region(plane.copy(), WINDOW)
    assert row <= 52
    assert row + height >= 78
    assert column <= 32
    assert column + width >= 58
    assert busiest_region(plane[:20, :30], WINDOW) == (0, 0, 20, 30)
    assert busiest_region(np.zeros((64, 64), np.float32), WINDOW)[2:] == (40, 40)


def test_the_region_of_change_has_the_change_in_its_middle() -> None:
    change = np.zeros((128, 160), np.float32)
    change[50:60, 20:44] = 0.5
    assert most_changed(change) == (35, 12, 40, 40)
    # Beside the edge, as near to the middle as can be.
    assert most_changed(np.roll(change, (-50, 110), (0, 1)))[:2] == (0, 117)
    image = Image(torch.rand(1, 128, 160), "0..1")
    marked = Image(image.pixels + torch.from_numpy(change)[None], "0..1")
    figure = Restoration().draw(Sample(Case("a", "a"), marked, image), image, {"roi": "change"})
    (mark,) = figure.axes[0].patches
    assert isinstance(mark, Rectangle) and (mark.get_y(), mark.get_x()) == (34.5, 11.5)
    # Without a reference, or with one of another size, there is no change to look for.
    for sample in (Sample(Case("a", "a"), marked), Sample(Case("a", "a"), Image(torch.rand(1, 64, 80), "0..1"), image)):
        assert Restoration().draw(sample, image, {"roi": "change"}).axes


@pytest.mark.parametrize("reference", [True, False])
@pytest.mark.parametrize("kind", ["plane", "volume", "colour"])
def test_the_picture_has_every_panel(kind: str, reference: bool) -> None:
    plane = phantom()
    truth = {"plane": plane[None], "volume": np.stack([plane * 0, plane, plane * 0])[None], "colour": np.stack([plane] * 3)}[kind]
    noisy = truth + RNG.normal(0, 30, truth.shape)
    case = sample(truth if reference else None, noisy)
    figure = TASK.draw(case, image(truth + 3), {"window": (-160, 240)})
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    if reference:
        assert titles[1] == f"Prediction   {Psnr(WINDOW).case(image(truth + 3), case):.2f} dB"
        assert titles[2:] == ["Reference", "Error (prediction - reference)"]
    else:
        assert titles == ["Input", "Prediction", "Change (prediction - input)"]
    shown = figure.axes[0].get_images()[0].get_array()
    assert shown.shape[:2] == (128, 96)
    if kind == "volume":
        np.testing.assert_allclose(shown, noisy[0, 1], rtol=1e-5)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=40)
    pixels = np.asarray(Picture.open(drawn).convert("L"))
    assert pixels.std() > 20
    assert pyplot.get_fignums() == []


def test_the_named_region_is_enlarged() -> None:
    case = sample(phantom()[None])
    figure = TASK.draw(case, case.inputs, {"roi": [10, 20, 30, 40]})
    zoomed = figure.axes[4].get_images()[0].get_array()
    np.testing.assert_allclose(zoomed, case.inputs.pixels[0, 10:40, 20:60])
    with pytest.raises(UsageError, match="leaves an image of 128 x 96"):
        TASK.draw(case, case.inputs, {"roi": (100, 0, 40, 40)})


def test_the_patient_is_shown_as_radiologists_look() -> None:
    case = sample(phantom()[None], origin=Origin(affine=np.diag([1.0, 1, 1, 1]) @ np.eye(4)[[1, 0, 2, 3]], spacing=(1.0, 1.0)))
    turned = TASK.draw(case, case.inputs, {}).axes[0]
    plain = TASK.draw(sample(phantom()[None]), case.inputs, {}).axes[0]
    assert (plain.yaxis_inverted(), plain.xaxis_inverted()) == (True, False)
    assert (turned.yaxis_inverted(), turned.xaxis_inverted()) == (False, True)


def test_drawing_without_finding_any_structure() -> None:
    flat = sample(np.zeros((1, 32, 32)), unit="")
    TASK.draw(flat, flat.inputs, {}).savefig(io.BytesIO(), dpi=30)


def test_metrics_and_task_travel_to_other_processes() -> None:
    for thing in (TASK, Psnr(WINDOW, label="a"), Ssim(), Rmse()):
        here, loader_process = Pipe()
        here.send(thing)
        assert type(loader_process.recv()) is type(thing)
