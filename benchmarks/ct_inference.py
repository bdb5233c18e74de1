"""What a slice costs: each network for low-dose CT on 512 x 512 pixels, over the same structure written down plainly.

    python benchmarks/ct_inference.py [NETWORK ...]

On two threads of a CPU, as they are and compiled by torch.compile, medians of calls taken in turns, of processor time. The plain networks
stand below, layer for layer as in the papers' figures; they have the same weights, and their answers may differ by 1e-4 of the networks'
scale. Exit code 1 when a network is slower than its plain one (by more than times vary), or U-Net and RED-CNN are not 1.3 and 1.4 times
as fast, as they are and compiled. (A compiled plain network is laid out in memory as ours is, so that little but the same convolutions is
left to be faster at; RED-CNN's take fewer products, see medai_ldct.models.winograd.)
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medai.api import build

REPEATS = 3
SIDE = 512
TOLERANCE = 1e-4
WANTED = {"ldct/unet": 1.3, "ldct/redcnn": 1.4}
ELSE = 0.95
"""At least as fast, but for what times vary."""

Plain = Callable[[Tensor], Tensor]


def main() -> int:
    torch.set_num_threads(2)
    torch.manual_seed(0)
    asked = sys.argv[1:] or list(PLAIN)
    hu = 1000 * torch.rand(1, 1, SIDE, SIDE) - 200
    failed = []
    for name in asked:
        network = _with_an_answer(build(name).eval())
        for how in ("eager", "compiled"):
            ratio = _ratio(name, how, network, PLAIN[name](network), hu)
            wanted = WANTED.get(name, ELSE)
            failed += [] if ratio >= wanted else [f"{name} {how}: {ratio:.2f}, wanted at least {wanted:g}"]
    print("\n".join(failed) or "as fast as wanted")
    return 1 if failed else 0


def _ratio(name: str, how: str, network: nn.Module, plain: Plain, hu: Tensor) -> float:
    ours: Plain = network
    if how == "compiled":
        torch.compiler.reset()
        ours, plain = torch.compile(ours, dynamic=False), torch.compile(plain, dynamic=False)
    unit = (hu + 1024) / 4096
    with torch.inference_mode():
        answer, expected = (ours(hu) + 1024) / 4096, plain(unit)
        apart = float((answer - expected).abs().max() / expected.abs().max())
        if apart > TOLERANCE:
            raise SystemExit(f"{name} {how}: the answers differ by {apart:.1e}")
        taken = [(_seconds(lambda: ours(hu)), _seconds(lambda: plain(unit))) for _ in range(REPEATS)]
    mine, theirs = (float(statistics.median(times)) for times in zip(*taken, strict=True))
    print(f"{name}, {how}: {theirs / mine:.2f} times as fast as the plain one ({mine:.2f} s; answers {apart:.0e} apart)")
    return theirs / mine


def _with_an_answer(network: nn.Module) -> nn.Module:
    """Networks begin nearly as the identity; here every weight counts."""
    draw = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        if parameter.ndim > 1 and float(parameter.detach().std()) < 1e-2:
            parameter.data.normal_(0, 0.02, generator=draw)
    return network


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _redcnn(net: Any) -> Plain:
    def down(layer: Any, x: Tensor) -> Tensor:
        return F.conv2d(x, layer.weight, layer.bias)

    def up(layer: Any, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, layer.weight, layer.bias)

    def plain(slice_: Tensor) -> Tensor:
        second = F.relu(down(net.conv2, F.relu(down(net.conv1, slice_))))
        fourth = F.relu(down(net.conv4, F.relu(down(net.conv3, second))))
        found = F.relu(up(net.deconv1, F.relu(down(net.conv5, fourth))) + fourth)
        found = F.relu(up(net.deconv3, F.relu(up(net.deconv2, found))) + second)
        return F.relu(up(net.deconv5, F.relu(up(net.deconv4, found))) + slice_)

    return plain


def _edcnn(net: Any) -> Plain:
    def plain(slice_: Tensor) -> Tensor:
        given = features = torch.cat([slice_, net.edges(slice_)], 1)
        for block in net.blocks:
            looked = block.look(F.leaky_relu(block.gather(features)))
            features = torch.cat([given, F.leaky_relu(looked)], 1)
        return F.leaky_relu(slice_ + looked)

    return plain


def _qae(net: Any) -> Plain:
    def layer(part: Any, x: Tensor) -> Tensor:
        convolve = F.conv_transpose2d if part.transposed else F.conv2d
        linear = convolve(x, part.weight_r, part.bias_r, padding=part.padding)
        gate = convolve(x, part.weight_g, part.bias_g, padding=part.padding)
        return linear * gate + convolve(x * x, part.weight_b, part.bias_c, padding=part.padding)

    def plain(slice_: Tensor) -> Tensor:
        second = F.relu(layer(net.conv2, F.relu(layer(net.conv1, slice_))))
        fourth = F.relu(layer(net.conv4, F.relu(layer(net.conv3, second))))
        up = F.relu(layer(net.deconv1, F.relu(layer(net.conv5, fourth))) + fourth)
        up = F.relu(layer(net.deconv3, F.relu(layer(net.deconv2, up))) + second)
        return F.relu(layer(net.deconv5, F.relu(layer(net.deconv4, up))) + slice_)

    return plain


def _octnet(net: Any) -> Plain:
    def doubled(features: Tensor) -> Tensor:
        return F.interpolate(features, scale_factor=2.0, mode="nearest")

    def plain(slice_: Tensor) -> Tensor:
        features = F.relu(net.first(slice_))
        high, low = F.relu(net.split.high_to_high(features)), F.relu(net.split.high_to_low(F.avg_pool2d(features, 2)))
        for octave in net.middle:
            new_high = octave.high_to_high(high) + doubled(octave.low_to_high(low))
            new_low = octave.low_to_low(low) + octave.high_to_low(F.avg_pool2d(high, 2))
            high, low = F.relu(high + new_high), F.relu(low + new_low)
        joined = net.join.high_to_high(high) + doubled(net.join.low_to_high(low))
        return F.relu(net.last(F.relu(joined)) + slice_)

    return plain


def _unet(net: Any) -> Plain:
    def plain(slice_: Tensor) -> Tensor:
        features, across = slice_, []
        for level in net.down:
            features = F.relu(level.conv2(F.relu(level.conv1(features))))
            across.append(features)
            features = F.max_pool2d(features, 2)
        features = F.relu(net.bottom.conv2(F.relu(net.bottom.conv1(features))))
        for level in net.up:
            stacked = torch.cat([F.interpolate(features, scale_factor=2.0, mode="nearest"), across.pop()], 1)
            features = F.relu(F.conv2d(stacked, level.conv1.weight, level.conv1.bias, padding=1))
            features = F.relu(level.conv2(features))
        found: Tensor = net.last(F.relu(net.gather(features))) + slice_
        return found

    return plain


def _wgan_vgg(net: Any) -> Plain:
    def plain(slice_: Tensor) -> Tensor:
        for layer in net.generator.layers:
            slice_ = F.relu(layer(slice_))
        return slice_

    return plain


def _ctformer(net: Any) -> Plain:
    def performer(part: Any, tokens: Tensor) -> Any:
        keys, queries, values = part.keys_queries_values(part.norm1(tokens)).chunk(3, -1)
        count = len(part.random_features)

        def features(vectors: Tensor) -> Tensor:
            half = ((vectors * vectors).sum(-1, keepdim=True)).repeat(1, 1, count) / 2
            return torch.exp(torch.einsum("bti,mi->btm", vectors, part.random_features) - half) / math.sqrt(count)

        keys, queries = features(keys), features(queries)
        total = torch.einsum("bti,bi->bt", queries, keys.sum(1))[:, :, None]
        mixed = torch.einsum("bti,bni->btn", queries, torch.einsum("bin,bim->bnm", values, keys)) / (total + 1e-8)
        found = values + part.project(mixed)
        return found + part.perceptron(part.norm2(found))

    def attention(part: Any, tokens: Tensor) -> Any:
        images, count, channels = tokens.shape
        heads = part.queries_keys_values(tokens).reshape(images, count, 3, part.heads, -1).permute(2, 0, 3, 1, 4)
        weights = (heads[0] @ heads[1].transpose(-2, -1) * heads.shape[-1] ** -0.5).softmax(-1)
        return part.project((weights @ heads[2]).transpose(1, 2).reshape(images, count, channels))

    def shifted(grid: Tensor, by: int) -> Tensor:
        return torch.roll(grid, (by, by), (2, 3))

    def window(pixels: Tensor) -> Tensor:
        first = performer(net.encoder.attention1, F.unfold(pixels, 7, stride=2).transpose(1, 2))
        grid = shifted(first.transpose(1, 2).reshape(len(pixels), -1, 29, 29), 2)
        second = performer(net.encoder.attention2, F.unfold(grid, 3, dilation=2).transpose(1, 2))
        grid = shifted(second.transpose(1, 2).reshape(len(pixels), -1, 25, 25), 2)
        tokens = net.encoder.project(F.unfold(grid, 3).transpose(1, 2)) + net.positions
        tokens = tokens + attention(net.block, net.block.norm1(tokens))
        tokens = net.norm(tokens + net.block.perceptron(net.block.norm2(tokens)))
        grid = shifted(F.fold(net.decoder.project(tokens).transpose(1, 2), (25, 25), 3), -2)
        tokens = performer(net.decoder.attention2, grid.flatten(2).transpose(1, 2) + second)
        grid = shifted(F.fold(tokens.transpose(1, 2), (29, 29), 3, dilation=2), -2)
        tokens = performer(net.decoder.attention1, grid.flatten(2).transpose(1, 2) + first)
        return pixels - F.fold(tokens.transpose(1, 2), (64, 64), 7, stride=2)

    def plain(slice_: Tensor) -> Tensor:
        windows = F.unfold(F.pad(slice_, [16] * 4), 64, stride=32)[0].T.reshape(-1, 1, 64, 64)
        centres = torch.cat([window(some) for some in torch.split(windows, 64)])[:, :, 16:48, 16:48]
        return F.fold(centres.flatten(1).T[None], slice_.shape[2:], 32, stride=32)

    return plain


PLAIN = {
    "ldct/redcnn": _redcnn,
    "ldct/edcnn": _edcnn,
    "ldct/qae": _qae,
    "ldct/octnet": _octnet,
    "ldct/unet": _unet,
    "ldct/wgan-vgg": _wgan_vgg,
    "ldct/ctformer": _ctformer,
}
"""Each gives, for a network, the same computation from slice to slice on the networks' scale."""

if __name__ == "__main__":
    sys.exit(main())
