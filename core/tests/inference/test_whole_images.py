"""Flips, padding, letterboxes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from medai.errors import UsageError
from medai.inference import Fit, flipped, padded


def test_flips_are_turned_back_before_the_mean() -> None:
    pixels = torch.randn(2, 1, 5, 7, 6)
    torch.testing.assert_close(flipped(torch.sin, pixels, (-1, 2)), pixels.sin())
    assert torch.equal(flipped(torch.sin, pixels, ()), pixels.sin())


def test_flips_are_all_combinations_of_the_axes() -> None:
    convolution, pixels = nn.Conv2d(1, 2, (1, 3), padding=(0, 1)), torch.randn(1, 1, 5, 7)
    passes = []

    def watched(image: Tensor) -> Tensor:
        passes.append(image)
        return convolution(image)

    answer = flipped(watched, pixels, (-1, -2))
    assert len(passes) == 4 and not answer.requires_grad
    expected = (convolution(pixels) + convolution(pixels.flip(-1)).flip(-1)) / 2
    torch.testing.assert_close(answer, expected.detach())
    # Even now: the image turned about gives the answer turned about.
    torch.testing.assert_close(flipped(convolution, pixels.flip(-1), (-1,)), flipped(convolution, pixels, (-1,)).flip(-1))


@pytest.mark.parametrize("axes", [(0,), (1,), (-4,), (5,), (-1, 3)])
def test_flips_of_other_axes_are_refused(axes: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="spatial"):
        flipped(torch.sin, torch.zeros(1, 1, 4, 4), axes)


def test_padding_mirrors_runs_and_crops() -> None:
    seen = []

    def network(image: Tensor) -> Tensor:
        seen.append(image)
        return torch.cat([image, -image], 1)

    pixels = torch.arange(15.0).reshape(1, 1, 3, 5).requires_grad_()
    answer = padded(network, pixels, 4)
    assert seen[0].shape == (1, 1, 4, 8) and seen[0][0, 0, 0].tolist() == [0, 1, 2, 3, 4, 3, 2, 1]
    assert seen[0][0, 0, 3].tolist() == seen[0][0, 0, 1].tolist()
    assert torch.equal(answer, torch.cat([pixels, -pixels], 1))
    answer[:, 0].sum().backward()
    assert torch.equal(pixels.grad, torch.ones_like(pixels))


def test_padding_of_volumes_and_of_single_pixels() -> None:
    pixels = torch.randn(1, 2, 1, 5, 9)
    answer = padded(lambda image: image if image.shape[2:] == (8, 8, 12) else image[:0], pixels, (8, 8, 12))
    assert torch.equal(answer, pixels)
    with pytest.raises(UsageError, match="multiple"):
        padded(torch.sin, pixels, (8, 8))


def test_a_padded_network_can_be_exported_for_any_size() -> None:
    class Padded(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            return padded(lambda image: nn.functional.interpolate(nn.functional.max_pool2d(image, 8), scale_factor=8), pixels, 8)

    side = {2: torch.export.Dim("height", min=16, max=512), 3: torch.export.Dim("width", min=16, max=512)}
    program = torch.export.export(Padded(), (torch.randn(1, 1, 20, 30),), dynamic_shapes=(side,), strict=False)
    other = torch.randn(1, 1, 32, 41)
    assert torch.equal(program.module()(other), Padded()(other))


@pytest.mark.parametrize(("shape", "size"), [((100, 60), (64, 64)), ((30, 50), (64, 96)), ((64, 64), (64, 64)), ((1, 200), (32, 32))])
def test_a_letterbox_keeps_proportions_and_lies_in_the_middle(shape: tuple[int, int], size: tuple[int, int]) -> None:
    fit = Fit.of(shape, size)
    framed = fit.image(torch.ones(2, 3, *shape), fill=-1.0)
    assert framed.shape == (2, 3, *size)
    rows, columns = (framed[0, 0] > 0).nonzero().T
    height, width = fit.inner
    assert (int(rows.min()), int(columns.min())) == (fit.top, fit.left)
    assert (int(rows.max()) - fit.top + 1, int(columns.max()) - fit.left + 1) == (height, width)
    assert height == size[0] or width == size[1]
    assert abs(fit.top - (size[0] - height - fit.top)) <= 1 and abs(fit.left - (size[1] - width - fit.left)) <= 1
    assert fit.restore(framed).shape == (2, 3, *shape) and fit.restore(framed).min() > 0.99


def test_boxes_go_into_the_frame_and_come_back() -> None:
    fit = Fit.of((97, 61), (64, 80))
    boxes = torch.tensor([[0.0, 0.0, 61.0, 97.0], [10.0, 20.0, 30.0, 45.0]])
    framed = fit.boxes(boxes)
    height, width = fit.inner
    torch.testing.assert_close(framed[0], torch.tensor([fit.left, fit.top, fit.left + width, fit.top + height]).float())
    torch.testing.assert_close(fit.restore_boxes(framed), boxes)
    assert fit.restore_boxes(torch.tensor([[-50.0, -50.0, 500.0, 500.0]])).tolist() == [[0, 0, 61, 97]]
    assert fit.boxes(torch.zeros(0, 4)).shape == (0, 4)


def test_a_box_encloses_the_same_pixels_in_the_frame() -> None:
    fit, labels = Fit.of((50, 100), (64, 64)), torch.zeros(50, 100, dtype=torch.int64)
    labels[10:30, 20:70] = 3
    framed = fit.labels(labels)
    assert framed.dtype == torch.int64 and set(framed.unique().tolist()) == {0, 3}
    rows, columns = (framed == 3).nonzero().T
    left, top, right, bottom = fit.boxes(torch.tensor([20.0, 10.0, 70.0, 30.0])).tolist()
    assert abs(columns.min() - left) <= 1 and abs(columns.max() + 1 - right) <= 1
    assert abs(rows.min() - top) <= 1 and abs(rows.max() + 1 - bottom) <= 1


def test_labels_are_the_nearest() -> None:
    labels = torch.arange(6).reshape(2, 3)
    assert Fit.of((2, 3), (4, 6)).labels(labels).tolist() == [[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2
    assert torch.equal(Fit.of((2, 3), (2, 3)).labels(labels), labels)
    assert Fit.of((2, 3), (3, 3)).labels(labels, fill=9).tolist()[2] == [9, 9, 9]


class Framed(nn.Module):
    """Everything that a letterbox does, to an image of any size."""

    def forward(self, pixels: Tensor, boxes: Tensor) -> tuple[Tensor, ...]:
        fit = Fit.of(pixels.shape[-2:], (24, 33))
        framed, inside = fit.image(pixels, fill=-1.0), fit.boxes(boxes)
        return framed, fit.restore(framed.sin()), inside, fit.restore_boxes(inside * 1.5), fit.labels(pixels, fill=2)


# Together in one process, so that the graph is drawn up once.
@pytest.mark.xdist_group("letterbox")
@pytest.mark.parametrize("shape", [(50, 70), (71, 33), (9, 10), (24, 33), (48, 66), (5, 300), (211, 14), (1, 1)])
def test_a_graph_of_open_size_letterboxes_as_the_letterbox_does(shape: tuple[int, int], open_letterbox: nn.Module) -> None:
    pixels, boxes = torch.rand(1, 2, *shape, generator=torch.Generator().manual_seed(0)), torch.tensor([[0.0, 1.0, 3.0, 4.0]])
    for found, expected in zip(open_letterbox(pixels, boxes), Framed()(pixels, boxes), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def open_letterbox() -> nn.Module:
    sides = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
    given = torch.rand(1, 2, 50, 70), torch.zeros(1, 4)
    return torch.export.export(Framed(), given, dynamic_shapes=(sides, None), strict=False).module()


def test_images_are_rounded_to_whole_pixels_exactly_and_halves_to_the_even() -> None:
    assert Fit.of((120, 576), (300, 300)).inner == (62, 300)
    assert Fit.of((36, 96), (4, 4)).inner == (2, 4)
    assert Fit.of((1, 1000), (8, 8)).inner == (1, 8)


def test_images_pass_gradients_and_sizes_are_checked() -> None:
    pixels = torch.randn(1, 9, 13, requires_grad=True)
    fit = Fit.of((9, 13), (16, 16))
    fit.restore(fit.image(pixels)).sum().backward()
    assert pixels.grad is not None and pixels.grad.abs().min() > 0
    with pytest.raises(UsageError, match="at least 1"):
        Fit.of((0, 5), (16, 16))
