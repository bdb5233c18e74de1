from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from medai.errors import MemoryFault, PluginError, UsageError
from medai.inference import padded, tiled

WEIGHTINGS = ["gaussian", "linear", "flat"]


def network(dimensions: int, layers: int = 2) -> nn.Module:
    """Convolutions of radius 1 each: the receptive field has the radius `layers`."""
    torch.manual_seed(0)
    convolution = nn.Conv2d if dimensions == 2 else nn.Conv3d
    return nn.Sequential(*(convolution(1 if layer == 0 else 3, 3, 3, padding=1) for layer in range(layers))).eval()


class Unet(nn.Module):
    """Halves twice and doubles twice, with a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inner, self.deep, self.outer = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        features = self.inner(pixels)
        deep = nn.functional.interpolate(self.deep(nn.functional.max_pool2d(features, 4)), scale_factor=4)
        return self.outer(torch.cat([features, deep], 1))


def whole(module: nn.Module, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        return module(pixels)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("shape", [(37, 50), (16, 16), (9, 40), (13, 21, 17), (5, 30, 16)])
def test_a_network_of_pixels_answers_in_tiles_as_in_one(shape: tuple[int, ...], weighting: str) -> None:
    pixels = torch.randn(2, 1, *shape)

    def pointwise(tile: Tensor) -> Tensor:
        return torch.cat([tile.sin(), tile**2, tile], 1)

    answer = tiled(pointwise, pixels, tile=16, weighting=weighting, batch=3)
    assert answer.dtype == torch.float32 and answer.shape == (2, 3, *shape)
    torch.testing.assert_close(answer, pointwise(pixels), atol=1e-5, rtol=0)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("batch", [1, 4, 100])
@pytest.mark.parametrize("shape", [(37, 50), (33, 16), (16, 25, 18), (7, 9), (12, 40), (5, 40, 17)])
def test_convolutions_answer_as_in_one_when_margins_cover_what_they_see(shape: tuple[int, ...], batch: int, weighting: str) -> None:
    module, pixels = network(len(shape)), torch.randn(2, 1, *shape)
    answer = tiled(module, pixels, tile=16, weighting=weighting, margin=2, batch=batch)
    torch.testing.assert_close(answer, whole(module, pixels), atol=1e-5, rtol=0)
    assert (tiled(module, pixels, tile=16, weighting=weighting, margin=0) - whole(module, pixels)).abs().max() > 1e-3


def test_strides_answer_as_in_one_when_tiles_begin_at_their_multiples() -> None:
    module, pixels = Unet().eval(), torch.randn(1, 1, 75, 90)
    expected = padded(module, pixels, 4).detach()
    answer = tiled(module, pixels, tile=48, overlap=0.5, margin=12, multiple=4)
    torch.testing.assert_close(answer, expected, atol=1e-5, rtol=0)
    assert (tiled(module, pixels, tile=48, overlap=0.5, margin=12) - expected).abs().max() > 1e-3


def test_tiles_of_another_size_along_each_axis() -> None:
    module, pixels, seen = network(2), torch.randn(1, 1, 40, 60), set()

    def watched(tile: Tensor) -> Tensor:
        seen.add(tuple(tile.shape))
        return module(tile)

    answer = tiled(watched, pixels, tile=(12, 24), overlap=0.4, margin=2, batch=2)
    torch.testing.assert_close(answer, whole(module, pixels), atol=1e-5, rtol=0)
    assert {shape[2:] for shape in seen} == {(12, 24)}


def test_as_few_tiles_as_the_overlap_asks_for() -> None:
    starts = []
    tiled(lambda tile: starts.append(int(tile[0, 0, 0, 0])) or tile, torch.arange(100.0).expand(1, 1, 10, 100), tile=(10, 40))
    assert starts == [0, 30, 60]


def test_an_image_smaller_than_a_tile_is_mirrored() -> None:
    seen = []
    answer = tiled(lambda tile: seen.append(tile) or tile, torch.arange(3.0).reshape(1, 1, 1, 3), tile=(2, 8))
    assert seen[0][0, 0].tolist() == [[0, 1, 2, 1, 0, 1, 2, 1]] * 2
    assert answer.tolist() == [[[[0, 1, 2]]]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_answers_of_another_dtype_are_summed_in_float32(dtype: torch.dtype) -> None:
    answer = tiled(lambda tile: tile.to(dtype), torch.full((1, 1, 30, 30), 0.5), tile=16)
    assert answer.dtype == torch.float32
    torch.testing.assert_close(answer, torch.full((1, 1, 30, 30), 0.5), atol=1e-6, rtol=0)


def test_no_gradients_and_the_given_image_unchanged() -> None:
    pixels = torch.randn(1, 1, 20, 20, requires_grad=True)
    before = pixels.detach().clone()
    answer = tiled(network(2), pixels, tile=16)
    assert not answer.requires_grad and torch.equal(pixels, before)
    assert not tiled(lambda tile: tile, pixels, tile=20).requires_grad


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_weights_are_finite_to_the_last_pixel(weighting: str) -> None:
    # A gaussian of a large tile nearly vanishes at the corners, where no other tile helps.
    answer = tiled(lambda tile: torch.ones_like(tile), torch.zeros(1, 1, 20, 20, 20), tile=16, weighting=weighting)
    torch.testing.assert_close(answer, torch.ones_like(answer), atol=1e-6, rtol=0)


class Wide(nn.Module):
    """Sixteen float32 maps, alive at once with what is made of them."""

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels.expand(-1, 16, -1, -1) * 2).exp().mean(1, keepdim=True)


def passes(gigabytes: float | None) -> list[int]:
    sizes: list[int] = []

    def watched(tile: Tensor) -> Tensor:
        sizes.append(len(tile))
        return Wide()(tile)

    tiled(watched, torch.zeros(1, 1, 256, 256), tile=64, batch=8, gigabytes=gigabytes)
    return sizes


def test_the_memory_limit_decides_how_many_tiles_there_are_at_a_time() -> None:
    # A tile takes 32 maps and the mean at once (times 1.5 for scratch), 0.8 MB; the answer 0.26 MB.
    assert max(passes(None)) == 8
    assert max(passes(1.0)) == 8
    assert max(passes(0.0031)) == 3
    assert set(passes(0.0012)) == {1}
    with pytest.raises(MemoryFault, match="one tile need"):
        passes(0.0003)


GROWN = """
from pathlib import Path
import sys
import torch
from torch import nn
from medai.inference import tiled

def resident(kind):  # bytes of main memory that this process holds (VmRSS), or has held at most (VmHWM)
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(kind)).split()[1])

def grown(gigabytes):
    Path("/proc/self/clear_refs").write_text("5")  # forget the most so far
    before = resident("VmRSS")
    tiled(module, pixels, tile=128, batch=32, gigabytes=gigabytes)
    return resident("VmHWM") - before

module = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 1, 3, padding=1))
pixels = torch.zeros(1, 1, 640, 640)
tiled(module, pixels, tile=128)
compiler = int("torch._dynamo" in sys.modules)
grown(0.1)  # what libraries set up once
print(grown(0.1), grown(None), compiler)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the kernel's own count is Linux's")
def test_memory_stays_below_the_limit_as_the_kernel_counts_it() -> None:
    # A process of its own: what other tests freed, and what the caller asks of malloc, would be counted as well.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run([sys.executable, "-c", GROWN], env=environment, capture_output=True, text=True, check=True)
    limited, free, compiler = map(int, done.stdout.split())
    assert limited < 0.1e9
    assert free > 0.2e9
    assert not compiler  # whose import takes seconds: only torch.compile needs it


def test_parameters_out_of_range_are_refused() -> None:
    pixels = torch.zeros(1, 1, 40, 40)
    for wrong, said in [
        ({"tile": 16, "overlap": 1.0}, "overlap"),
        ({"tile": 0}, "tile"),
        ({"tile": (16, 16, 16)}, "3 numbers for 2"),
        ({"tile": 16, "weighting": "gausian"}, "gaussian"),
        ({"tile": 16, "margin": 3}, "6 pixels"),
        ({"tile": 16, "batch": 0}, "batch"),
        ({"tile": 16, "multiple": 32}, "leave pixels"),
    ]:
        with pytest.raises(UsageError, match=said):
            tiled(lambda tile: tile, pixels, **wrong)


def test_networks_that_do_not_answer_with_maps_are_named() -> None:
    pixels = torch.zeros(1, 1, 40, 40)
    with pytest.raises(PluginError, match="size"):
        tiled(lambda tile: tile[..., ::2, ::2], pixels, tile=16)
    with pytest.raises(PluginError, match="int64"):
        tiled(lambda tile: tile.long(), pixels, tile=16)


@pytest.mark.parametrize(
    "pixels", [torch.zeros(1, 1, 4, 4, dtype=torch.int32), torch.zeros(1, 1, 0, 4), torch.zeros(0, 1, 4, 4), torch.zeros(4, 4)]
)
def test_what_are_no_pixels_is_refused(pixels: Tensor) -> None:
    with pytest.raises(UsageError, match="floating-point pixels"):
        tiled(torch.nn.Identity(), pixels, tile=4)


def test_a_limit_is_a_size() -> None:
    with pytest.raises(UsageError, match="not a size"):
        tiled(torch.nn.Identity(), torch.zeros(1, 1, 4, 4), tile=4, gigabytes=-1)


def test_compiled_the_loop_over_tiles_is_not_unrolled() -> None:
    operations: list[int] = []

    def counted(graph: torch.fx.GraphModule, _: object) -> torch.fx.GraphModule:
        operations.append(len(graph.graph.nodes))
        return graph

    module, pixels = network(2), torch.rand(1, 1, 96, 96)

    def whole(given: Tensor) -> Tensor:
        return tiled(module, given + 1, tile=16, overlap=0.5) * 2

    torch.testing.assert_close(torch.compile(whole, backend=counted)(pixels), whole(pixels))
    assert operations  # what stands around the tiles is compiled
    assert sum(operations) < 20
