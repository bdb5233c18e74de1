"""What tiles cost beside the network: inference in tiles that overlap by a quarter, over as many passes of single tiles.

    python benchmarks/tiling.py

On one core, 2D and 3D, one tile and four at a time, medians of passes taken in turns. Overlap itself costs the tiles that it adds, and
they are counted on both sides. Exit code 1 when tiled inference of a network in use, EDCNN or a U-Net, takes more than 1.1 times its
tiles. Three convolutions, lighter than any such network, are printed beside them: there, what is not the network shows most, and so
does how the system hands out memory.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from medai.api import build
from medai.inference import tiled

REPEATS = 9
MOST = 1.1
OVERLAP = 0.25
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "EDCNN": lambda: build("ldct/edcnn"),
    "U-Net": lambda: build("standard/segmentation-models-pytorch", architecture="Unet", encoder="resnet18"),
}
LARGE = ((512, 512), 128)
CASES = {"three convolutions, 512 x 512": LARGE, "three convolutions, 80 x 80 x 80": ((80, 80, 80), 32)}


def main() -> int:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ratios = [_case(f"{name}, 512 x 512", make().eval(), *LARGE, batch) for name, make in NETWORKS.items() for batch in (1, 4)]
    for name, (shape, tile) in CASES.items():
        for batch in (1, 4):
            _case(name, _light(len(shape)), shape, tile, batch)
    print(f"EDCNN and U-Net: wanted at most {MOST:g}")
    return 0 if max(ratios) <= MOST else 1


def _case(name: str, network: nn.Module, shape: tuple[int, ...], tile: int, batch: int) -> float:
    pixels = torch.rand(1, 1, *shape)
    passes: list[int] = []

    def counted(tiles: Tensor) -> Tensor:
        passes.append(len(tiles))
        answer: Tensor = network(tiles)
        return answer

    def whole() -> Tensor:
        return tiled(counted, pixels, tile=tile, overlap=OVERLAP, batch=batch)

    whole()
    batches = [torch.randn(size, 1, *[tile] * len(shape)) for size in passes]

    def alone() -> None:
        with torch.no_grad():
            for tiles in batches:
                network(tiles)

    alone()
    taken = [(_seconds(whole), _seconds(alone)) for _ in range(REPEATS)]
    ours, theirs = (float(statistics.median(times)) for times in zip(*taken, strict=True))
    ratio = ours / theirs
    print(f"{name}, {batch} at a time: {sum(map(len, batches))} tiles, {ratio:.3f} times the tiles alone")
    return ratio


def _light(dimensions: int) -> nn.Module:
    """Three convolutions, 32 features, 8 maps."""
    convolution = nn.Conv2d if dimensions == 2 else nn.Conv3d
    layers = [convolution(1, 32, 3, padding=1), nn.ReLU(), convolution(32, 32, 3, padding=1), nn.ReLU(), convolution(32, 8, 3, padding=1)]
    return nn.Sequential(*layers).eval()


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
