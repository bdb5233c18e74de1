"""What the study's networks find as an ONNX graph: decoding and the removal of doubles are in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from medai import api
from medai.api import Use
from medai.inference import PLAIN
from medai.tasks import Batch, Boxes, Case, Image, Trained
from medai_breast.models.network import Found, LesionDetector, best, without_doubles
from medai_breast.models.ssd import Ssd


class Bright(LesionDetector):
    """Finds two boxes around each cell of four pixels as sure as the cell is bright, class 1 the less."""

    def __init__(self, size: tuple[int, int] | None) -> None:
        super().__init__(1, 2, size, None, PLAIN)
        self.factor = torch.nn.Parameter(torch.ones(()))

    def maps(self, frame: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(frame[:, :1] * self.factor, 4) * 0.25 + 0.5

    def decoded(self, maps: torch.Tensor, shape: torch.Size) -> Sequence[Found]:
        (bright,) = maps[0]
        rows, columns = torch.ones_like(bright).cumsum(0) - 0.5, torch.ones_like(bright).cumsum(1) - 0.5
        centres = torch.stack([columns, rows], -1).flatten(0, 1) * 4
        boxes = torch.cat([torch.cat([centres - half, centres + half], 1) for half in (3.0, 3.5)])
        scores = torch.cat([bright.flatten(), bright.flatten() * 0.99])
        return [without_doubles(best(boxes, torch.stack([scores, scores * 0.5], 1), 0.3), 0.6, 500)]


def images(pixels: torch.Tensor) -> Batch[Any, Any]:
    return Batch((Case("c", "g"),), Image(pixels, "0..1"), None)


def opened(detector: torch.nn.Module, example: torch.Tensor, folder: Path) -> Any:
    onnx: Any = api.build("standard/onnx")
    trained = Trained(Use("breast/some", {}), "detection", detector, detector, {})  # type: ignore[arg-type]
    return onnx.open(onnx.write(trained, images(example), folder))


def alike(one: Boxes, other: Boxes) -> bool:
    """Whether they are the same boxes, in any order among equal scores."""
    first, second = (torch.cat([each.boxes, each.labels[:, None], scores(each)[:, None]], 1) for each in (one, other))
    return len(first) == len(second) and (not len(first) or float((first[:, None] - second).abs().amax(2).amin(1).max()) < 1e-3)


def scores(found: Boxes) -> torch.Tensor:
    assert found.scores is not None
    return found.scores


@pytest.mark.parametrize("size", [(64, 64), None])
def test_a_graph_finds_none_and_many_as_the_network_does(size: tuple[int, int] | None, tmp_path: Path) -> None:
    detector = Bright(size).eval()
    # In the example there are a few.
    example = torch.zeros(1, 1, 64, 64)
    example[..., 8:24, 20:40] = 0.8
    graph = opened(detector, example, tmp_path)
    counts = []
    for shape, light in (((64, 64), 1.0), ((90, 70), 1.0), ((64, 64), 0.1)):
        pixels = torch.rand(1, 1, *shape, generator=torch.Generator().manual_seed(0)) * light
        with torch.no_grad():
            (expected,), (found,) = detector(pixels), graph.predict(images(pixels))
        assert alike(expected, found)
        counts.append(len(found))
    assert min(counts[:2]) > 200 and counts[2] == 0


def test_ssd_as_a_graph(tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = Ssd("resnet18", classes=2, size=(64, 64), least=0.35).eval()
    for weight in detector.parameters():
        if weight.ndim == 1:  # else all scores are alike, and which boxes are kept is chance
            torch.nn.init.normal_(weight, std=0.3)
    graph = opened(detector, torch.rand(1, 1, 64, 64), tmp_path)
    assert graph.limits == ("fixed in the file: batch 1",)
    for shape in ((64, 64), (90, 70)):
        pixels = torch.rand(1, 1, *shape)
        with torch.no_grad():
            (expected,) = detector(pixels)
        (found,) = graph.predict(images(pixels))
        assert len(expected) > 5 and alike(expected, found)
