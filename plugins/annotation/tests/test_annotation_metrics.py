"""The mask by subtraction, the presence score and the steps to convergence: counted by hand, chosen on validation cases, drawn."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from medai import api
from medai.errors import DataError, UsageError
from medai.tasks import Case, Image, Sample
from medai_annotation.annotated import Annotated
from medai_annotation.cleaned import Cleaned
from medai_annotation.masks import HALF_GREY, changed, without_specks
from medai_annotation.metrics.convergence import ConvergenceSteps, steps_to_convergence
from medai_annotation.metrics.kinds import KindPresence, Kinds
from medai_annotation.metrics.mask import SubtractionMask
from medai_annotation.metrics.presence import WhitePixelPresence, Whites


def picture(values: torch.Tensor) -> Image:
    return Image(values, "0..1")


def marked(rows: int, contrast: float = 0.5, ground: float = 0.25) -> Sample[Image, Image]:
    """8 x 8 pixels in three channels, of which the first `rows` rows are brighter, in green alone."""
    clean = torch.full((3, 8, 8), ground)
    given = clean.clone()
    given[1, :rows] += contrast
    return Sample(Case(f"c{rows}", "g"), picture(given), picture(clean))


def taken_off(sample: Sample[Image, Image], rows: int, share: float = 1.0) -> Image:
    """The input less a share of what was drawn, in so many rows, whether it was drawn there or not."""
    pixels = sample.inputs.pixels.clone()
    pixels[1, :rows] -= 0.5 * share
    return picture(pixels)


def test_the_mask_is_counted_as_by_hand() -> None:
    metric, sample = SubtractionMask(threshold=0.1), marked(2)
    # 16 pixels wanted, 8 of them found, or 24 found with all of them.
    less = metric.total([metric.case(taken_off(sample, 1), sample)])
    assert less == pytest.approx({"dice": 2 * 8 / (8 + 16), "iou": 8 / 16, "pixel-accuracy": 56 / 64})
    more = metric.total([metric.case(taken_off(sample, 3), sample)])
    assert more == pytest.approx({"dice": 2 * 16 / (24 + 16), "iou": 16 / 24, "pixel-accuracy": 56 / 64})
    assert sample.reference is not None
    assert set(metric.total([metric.case(sample.reference, sample)]).values()) == {1.0}


def test_a_mask_ends_where_the_difference_is_the_threshold() -> None:
    sample = marked(2)
    part = SubtractionMask(threshold=0.1).case(taken_off(sample, 2, share=0.3), sample)
    for threshold, wanted in ((0.149, 1.0), (0.151, 0.0)):
        metric = SubtractionMask(threshold=threshold)
        assert metric.total([metric.case(taken_off(sample, 2, share=0.3), sample)])["dice"] == wanted
    assert (np.diff(part.found) <= 0).all() and part.found[0] == 16 and part.found[-1] == 0


def test_an_image_without_annotation_counts_for_pixel_accuracy_alone() -> None:
    metric, bare, sample = SubtractionMask(threshold=0.1, variance=True), marked(0), marked(2)
    alone = metric.total([metric.case(taken_off(bare, 1), bare)])
    assert math.isnan(alone["dice"]) and math.isnan(alone["iou"]) and alone["pixel-accuracy"] == 56 / 64
    both = metric.total([metric.case(taken_off(bare, 1), bare), metric.case(taken_off(sample, 2), sample)])
    assert both["dice"] == 1 and math.isnan(both["dice-variance"])  # of one image
    assert both["pixel-accuracy"] == 60 / 64 and both["pixel-accuracy-variance"] == pytest.approx((4 / 64) ** 2)
    assert list(both) == [f"{name}{part}" for name in ("dice", "iou", "pixel-accuracy") for part in ("", "-variance")]
    assert all(math.isnan(value) for value in metric.total([]).values())


def noisy(sample: Sample[Image, Image], noise: float) -> Image:
    """All taken off that was drawn, and an error of up to `noise` everywhere."""
    assert sample.reference is not None
    rng = torch.Generator().manual_seed(int(sample.case.id[1:]))
    return picture(sample.reference.pixels + noise * (torch.rand(3, 8, 8, generator=rng) * 2 - 1))


def test_the_threshold_is_chosen_between_noise_and_annotation() -> None:
    metric, samples = SubtractionMask(), [marked(rows, contrast=0.3) for rows in (0, 1, 2, 5)]
    parts = [metric.case(noisy(sample, 0.15), sample) for sample in samples]
    chosen = metric.settled(parts)
    assert metric.total(parts)["dice"] < 0.6
    # The largest of the noise is up to 0.15, the least that is left of the contrast 0.15.
    assert 0.14 < chosen["threshold"] < 0.16
    best = SubtractionMask(**chosen)
    assert best.total([best.case(noisy(sample, 0.15), sample) for sample in samples])["dice"] > 0.95
    assert metric.settled(parts[:1]) == {} == SubtractionMask(threshold=0.3).settled(parts)


def test_the_curve_is_drawn_where_it_is_asked_for() -> None:
    sample, options = marked(2), {"classes": ()}
    metric = SubtractionMask(curve=True)
    parts = [metric.case(taken_off(sample, 2, share=0.3), sample)]
    figure = metric.draw(parts, options)
    assert isinstance(figure, Figure)
    across, dice = (np.asarray(values) for values in figure.axes[0].lines[1].get_data())
    assert len(across) == 65 and ((dice == 1) == (across < 0.15)).all()
    assert metric.draw([metric.case(sample.inputs, marked(0))], options) is None
    assert SubtractionMask().draw(parts, options) is None


def test_half_a_grey_level_is_no_annotation() -> None:
    clean = torch.full((1, 4, 4), 100 / 255)
    given = clean.clone()
    given[0, 0, 0], given[0, 1, 1] = 101 / 255, 100.4 / 255
    metric = SubtractionMask(threshold=HALF_GREY)
    part = metric.case(picture(clean), Sample(Case("c", "g"), picture(given), picture(clean)))
    assert (part.wanted, part.pixels) == (1, 16) and metric.total([part])["dice"] == 1


def test_bad_parameters_and_cases_are_told() -> None:
    with pytest.raises(UsageError, match=r"threshold = 25\.0"):
        SubtractionMask(threshold=25.0)
    with pytest.raises(DataError, match="case c2: input, prediction and reference are of different shapes"):
        SubtractionMask().case(picture(torch.zeros(3, 8, 9)), marked(2))


def test_the_study_names_what_it_measures() -> None:
    for row in ("dice", "iou", "pixel-accuracy"):
        assert row in next(spec for spec in api_specs() if spec.name == "mask").implements
    assert api.build("annotation/mask", curve=True, variance=True).better == "higher"


def api_specs() -> tuple[api.MetricSpec, ...]:
    from medai_annotation.metric_specs import METRICS

    return METRICS


def test_images_differ_by_the_channel_that_differs_most() -> None:
    one, other = torch.zeros(3, 1, 2), torch.tensor([[[0.1, 0.0]], [[-0.3, 0.0]], [[0.2, 0.0]]])
    assert changed(one, other).tolist() == [[pytest.approx(0.3), 0.0]]


def test_small_parts_of_a_mask_are_specks_and_oblique_lines_are_not() -> None:
    mask = np.eye(6, dtype=bool)
    mask[0, 4:] = True
    assert (without_specks(mask, 3) == np.eye(6, dtype=bool)).all()
    assert not without_specks(mask, 7).any() and (without_specks(mask, 1) == mask).all()


def whites(present: bool, *left: int) -> Whites:
    return Whites(np.array(left), present)


def test_white_pixels_are_counted_without_specks() -> None:
    sample, metric = marked(2), WhitePixelPresence(presence_threshold=0.1)
    answer = taken_off(sample, 2)
    answer.pixels[0, 6, 6] += 0.4
    part = metric.case(answer, sample)
    assert part.left.tolist() == [16] and part.present
    assert WhitePixelPresence(presence_threshold=0.1, speck=1).case(answer, sample).left.tolist() == [17]
    assert WhitePixelPresence(presence_threshold=0.1, speck=17).case(answer, sample).left.tolist() == [0]
    assert not metric.case(answer, marked(0)).present
    assert len(WhitePixelPresence().case(answer, sample).left) == 17


def test_presence_is_judged_over_all_images() -> None:
    metric = WhitePixelPresence(presence_threshold=0.1, presence_pixels=10)
    parts = [whites(True, 40), whites(True, 10), whites(True, 5), whites(False, 5), whites(False, 0)]
    figures = metric.total(parts)
    assert figures == pytest.approx({"presence-auc": 5.5 / 6, "presence-sensitivity": 2 / 3, "presence-specificity": 1.0})
    assert metric.total(parts * 3) == pytest.approx(figures)
    assert metric.total([*parts, whites(False, 10)])["presence-specificity"] == pytest.approx(2 / 3)
    alone = metric.total(parts[:1])
    assert math.isnan(alone["presence-auc"]) and math.isnan(alone["presence-specificity"]) and alone["presence-sensitivity"] == 1


def test_threshold_and_pixels_are_chosen_where_they_part_best() -> None:
    metric = WhitePixelPresence()
    # The sixth of the seventeen thresholds tells with from without, the others see as much in both.
    told = [[50] * 5 + [left] + [0] * 11 for left in (90, 60, 30, 20, 9, 3)]
    parts = [whites(place < 4, *left) for place, left in enumerate(told)]
    chosen = metric.settled(parts)
    assert chosen == {"presence_threshold": pytest.approx((1 / 510) * 255 ** (5 / 15)), "presence_pixels": 15}
    assert WhitePixelPresence(presence_pixels=7).settled(parts) == {"presence_threshold": chosen["presence_threshold"]}
    given = WhitePixelPresence(presence_threshold=0.3)
    assert given.settled([whites(True, 8), whites(True, 4), whites(False, 3)]) == {"presence_pixels": 4}
    # From 2 on all with an annotation are found, and one without; from 13 on neither that one nor the weakest.
    mixed = [*(whites(True, left) for left in (2, 20, 30, 40)), *(whites(False, left) for left in (0, 1, 5))]
    assert given.settled(mixed) == {"presence_pixels": 13}
    assert metric.settled(parts[:4]) == {} == metric.settled([])


def test_of_thresholds_that_part_as_well_the_middle_one_is_chosen() -> None:
    told = {place: [50] * 3 + [left] * 5 + [0] * 9 for place, left in enumerate((90, 60, 9, 3))}
    chosen = WhitePixelPresence().settled([whites(place < 2, *left) for place, left in told.items()])
    assert chosen == {"presence_threshold": pytest.approx((1 / 510) * 255 ** (5 / 15)), "presence_pixels": 35}


def test_the_roc_curve_is_drawn_with_its_point() -> None:
    metric, options = WhitePixelPresence(presence_threshold=0.1, presence_pixels=10), {"classes": ()}
    parts = [whites(True, 40), whites(True, 10), whites(True, 5), whites(False, 5), whites(False, 0)]
    figure = metric.draw(parts, options)
    assert isinstance(figure, Figure)
    (across, up), point = (np.asarray(line.get_data()) for line in figure.axes[0].lines[1:])
    assert across.tolist() == [0, 0, 0, 0.5, 1] and up == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
    assert point.ravel() == pytest.approx([0, 2 / 3])
    area = float((np.diff(across) * (up[1:] + up[:-1]) / 2).sum())
    assert area == pytest.approx(metric.total(parts)["presence-auc"])
    assert metric.draw(parts[:3], options) is None


def test_presence_has_sensible_parameters() -> None:
    with pytest.raises(UsageError, match=r"presence_threshold = 0\.0"):
        WhitePixelPresence(presence_threshold=0.0)
    with pytest.raises(UsageError, match="presence_pixels = 0"):
        WhitePixelPresence(presence_pixels=0)
    with pytest.raises(UsageError, match="speck = 0"):
        WhitePixelPresence(speck=0)


def said(there: tuple[int, ...], *scores: float) -> Kinds:
    """An image with these of the kinds, 1 to 3, and what a model says of all three."""
    marks, pixels = torch.zeros(8, 8, dtype=torch.int64), torch.zeros(3, 8, 8)
    for place, kind in enumerate(there):
        marks[place, :3] = kind
    sample = Sample(Case("c", "g"), Annotated(pixels, "0..1", marks=marks), picture(pixels))
    answer = Cleaned(pixels, "0..1", marks=marks, scores=torch.tensor(scores)) if scores else picture(pixels)
    return KindPresence().case(answer, sample)


def test_kinds_are_told_from_none_and_from_other_kinds() -> None:
    parts = [said((1,), 0.9, 0.2, 0.1), said((1, 2), 0.6, 0.8, 0.1), said((2,), 0.7, 0.4, 0.1), said((), 0.1, 0.3, 0.1)]
    assert [part.there.tolist() for part in parts[:2]] == [[True, False, False], [True, True, False]]
    figures = KindPresence().total(parts)
    # Of markers against the two without, one of four pairs is the wrong way round; nobody bears a flow box.
    assert (
        figures["body-marker-auc"] == pytest.approx(3 / 4) and figures["radial-line-auc"] == 1 and math.isnan(figures["vascular-flow-auc"])
    )
    assert figures["kinds-auc"] == pytest.approx((3 / 4 + 1) / 2)
    assert figures["kinds-sensitivity"] == pytest.approx((1 + 1 / 2) / 2)
    assert figures["kinds-specificity"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    # At 0.35, half-way between 0.3 and 0.4, all four that are there are found, and one of the eight that are not.
    assert KindPresence().settled(parts) == {"sure": pytest.approx(0.35)}
    assert KindPresence(sure=0.35).total(parts)["kinds-sensitivity"] == 1
    assert KindPresence(sure=0.35).settled(parts) == {} == KindPresence().settled([])
    figure = KindPresence().draw(parts, {})
    assert isinstance(figure, Figure)
    assert [line.get_label() for line in figure.axes[0].lines[1:]] == ["body-marker, AUC 0.750", "radial-line, AUC 1.000"]


def test_of_a_model_that_names_no_kinds_there_is_no_figure() -> None:
    silent = [said((1,)), said((2,))]
    assert all(math.isnan(value) for value in KindPresence().total(silent).values())
    assert KindPresence().settled(silent) == {} and KindPresence().draw(silent, {}) is None
    with pytest.raises(DataError, match="case c2 does not say what was drawn on it"):
        KindPresence().case(picture(torch.zeros(3, 8, 8)), marked(2))
    with pytest.raises(UsageError, match="sure = 1"):
        KindPresence(sure=1)


def falling(steps: np.ndarray[Any, np.dtype[np.int64]], scale: float, noise: float = 0.0) -> list[float]:
    """From 1 towards 0.2 with e to the minus steps over `scale`, and noise."""
    curve = 0.2 + 0.8 * np.exp(-steps / scale) + noise * np.random.default_rng(0).normal(size=len(steps))
    return [float(value) for value in curve]


STEPS = np.arange(10, 2001, 10)


@pytest.mark.parametrize("scale", [30, 100, 200])
def test_a_loss_has_converged_when_a_twentieth_of_its_fall_is_left(scale: int) -> None:
    wanted = 10 + scale * math.log(20)
    found = steps_to_convergence(STEPS.tolist(), falling(STEPS, scale))
    assert wanted - 10 < found <= wanted + 10
    noisy = steps_to_convergence(STEPS.tolist(), falling(STEPS, scale, noise=0.02))
    assert noisy == pytest.approx(wanted, abs=0.1 * wanted + 20)


def test_a_bad_batch_is_no_return_and_a_relapse_is() -> None:
    losses = falling(STEPS, 30)
    spiked, relapsed = losses.copy(), losses.copy()
    spiked[100] = 5.0
    relapsed[100:140] = [0.6] * 40
    assert steps_to_convergence(STEPS.tolist(), spiked) == steps_to_convergence(STEPS.tolist(), losses)
    assert steps_to_convergence(STEPS.tolist(), relapsed) == STEPS[140]


def test_a_loss_that_swings_to_the_end_has_converged_when_it_swings_no_higher() -> None:
    losses = np.array(falling(STEPS, 100)) + 0.1 * np.sin(2 * np.pi * STEPS / 400)
    assert 100 < steps_to_convergence(STEPS.tolist(), losses.tolist()) < 400


def test_what_does_not_fall_or_is_no_curve_has_not_converged() -> None:
    assert math.isnan(steps_to_convergence(STEPS.tolist(), np.linspace(0.2, 1, len(STEPS)).tolist()))
    assert math.isnan(steps_to_convergence(STEPS.tolist(), [0.3] * len(STEPS)))
    assert math.isnan(steps_to_convergence(STEPS[:9].tolist(), falling(STEPS[:9], 30)))
    still = steps_to_convergence(STEPS.tolist(), np.linspace(1, 0.2, len(STEPS)).tolist())
    assert 0.75 * STEPS[-1] < still < 0.95 * STEPS[-1]


def test_the_steps_are_read_from_the_journal_of_a_training() -> None:
    losses = falling(STEPS, 100)
    journal: list[dict[str, Any]] = [
        {"kind": "train", "step": int(step), "epoch": 0, "l1": 0.25 * loss, "l2": 0.75 * loss}
        for step, loss in zip(STEPS, losses, strict=True)
    ]
    journal.append({"kind": "train", "step": 2010, "epoch": 0, "l1": None, "l2": 0.1})
    journal.insert(5, {"kind": "valid", "step": 50, "epoch": 0, "dice": 1e6})
    assert ConvergenceSteps().measure(journal) == {"convergence-steps": steps_to_convergence(STEPS.tolist(), losses)}
    assert ConvergenceSteps(within=0.5).measure(journal)["convergence-steps"] == pytest.approx(10 + 100 * math.log(2), abs=10)
    assert math.isnan(ConvergenceSteps().measure([])["convergence-steps"])
    with pytest.raises(UsageError, match="within = 5"):
        ConvergenceSteps(within=5)
