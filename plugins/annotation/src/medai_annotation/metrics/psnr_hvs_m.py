"""PSNR-HVS-M: the error of two images as far as a person sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from scipy import fft

from medai.errors import DataError
from medai.tasks import Image, Sample
from medai_annotation.metrics.averages import averages, compared

Array = np.ndarray[Any, np.dtype[np.float64]]

HIGHEST = 100.0
"""dB given to images that nobody can tell apart, whose figure is infinite, and the most that any pair is given; as `medai/psnr` has it."""

_SIDE = 8
_PEAK = 255.0
_LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""

_SENSITIVITY = np.array(
    (
        (1.608443, 2.339554, 2.573509, 1.608443, 1.072295, 0.643377, 0.504610, 0.421887),
        (2.144591, 2.144591, 1.838221, 1.354478, 0.989811, 0.443708, 0.428918, 0.467911),
        (1.838221, 1.979622, 1.608443, 1.072295, 0.643377, 0.451493, 0.372972, 0.459555),
        (1.838221, 1.513829, 1.169777, 0.887417, 0.504610, 0.295806, 0.321689, 0.415082),
        (1.429727, 1.169777, 0.695543, 0.459555, 0.378457, 0.236102, 0.249855, 0.334222),
        (1.072295, 0.735288, 0.467911, 0.402111, 0.317717, 0.247453, 0.227744, 0.279729),
        (0.525206, 0.402111, 0.329937, 0.295806, 0.249855, 0.212687, 0.214459, 0.254803),
        (0.357432, 0.279729, 0.270896, 0.262603, 0.229778, 0.257351, 0.249855, 0.259950),
    )
).ravel()
"""Contrast sensitivity of each DCT coefficient (Egiazarian et al. 2006), with the digits of the authors' program."""

_MASKING = np.array(
    (
        (0.390625, 0.826446, 1.000000, 0.390625, 0.173611, 0.062500, 0.038447, 0.026874),
        (0.694444, 0.694444, 0.510204, 0.277008, 0.147929, 0.029727, 0.027778, 0.033058),
        (0.510204, 0.591716, 0.390625, 0.173611, 0.062500, 0.030779, 0.021004, 0.031888),
        (0.510204, 0.346021, 0.206612, 0.118906, 0.038447, 0.013212, 0.015625, 0.026015),
        (0.308642, 0.206612, 0.073046, 0.031888, 0.021626, 0.008417, 0.009426, 0.016866),
        (0.173611, 0.081633, 0.033058, 0.024414, 0.015242, 0.009246, 0.007831, 0.011815),
        (0.041649, 0.024414, 0.016437, 0.013212, 0.009426, 0.006830, 0.006944, 0.009803),
        (0.019290, 0.011815, 0.011080, 0.010412, 0.007972, 0.010000, 0.009426, 0.010203),
    )
).ravel()
"""How much each coefficient masks the others of its block: (10 / q) squared of JPEG's luminance table q."""

_OF_AC = np.where(np.arange(_SIDE * _SIDE) > 0, _MASKING, 0.0)
_THRESHOLDS = np.where(np.arange(_SIDE * _SIDE) > 0, 1 / _MASKING, 0.0)
"""A block's mean brightness neither masks nor is masked."""

_DCT = fft.dct(np.eye(_SIDE), axis=0, norm="ortho")
_DCT_OF_BLOCKS = np.kron(_DCT, _DCT).T
"""(64, 64): a block, row after row, times this are its DCT coefficients, so that all blocks are one product of matrices."""

_QUARTER = np.add.outer(2 * (np.arange(_SIDE) // 4), np.arange(_SIDE) // 4).ravel()
_MEANS_OF_QUARTERS = np.equal.outer(_QUARTER, _QUARTER) / (_SIDE**2 // 4)
"""(64, 64): a block times this has in each pixel the mean of its quarter."""


class PsnrHvsM:
    """PSNR-HVS-M in dB, `psnr-hvs-m`: peak 255 over the error of the DCT coefficients of 8 x 8 blocks, each weighed by the eye's
    contrast sensitivity, less what the block's other coefficients hide. Ponomarenko et al. 2007, VPQM, eq. 1 to 4; equal to the authors'
    program. Of several cases, the mean.

    The study does not say what it does with colours: here it is the luma of ITU-R BT.601, of both images clipped to 0..1. Rows and
    columns behind the last whole block do not count, as in the authors' program. At most 100 dB, also for an image that nobody can tell
    from its reference; NaN where it is smaller than a block.

    Args:
        variance: whether `psnr-hvs-m-variance` over the cases, in dB squared, is given too.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, variance: bool = False) -> None:
        self._variance = variance

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> float:
        """The figure of one case.

        Raises:
            DataError: it has no reference, is no picture of 0..1 with one channel or three, or the shapes differ.
        """
        _, answer, truth = compared(prediction, sample)
        if truth.shape[0] not in (1, 3):
            raise DataError(f"case {sample.case.id}: luma is of one channel or three, not of {truth.shape[0]}")
        return psnr_hvs_m(_luma(answer), _luma(truth))

    def total(self, parts: Sequence[float]) -> Mapping[str, float]:
        """The mean over cases, and their variance where it is asked for; NaN where none is defined."""
        return averages("psnr-hvs-m", parts, self._variance)


def psnr_hvs_m(first: Array, second: Array) -> float:
    """PSNR-HVS-M in dB of two images (H, W) of 0..255, at most 100; NaN where they are smaller than a block."""
    blocks = np.concatenate([_blocks(first), _blocks(second)])
    if not len(blocks):
        return math.nan
    coefficients = blocks @ _DCT_OF_BLOCKS
    strength = np.maximum(*np.split(_masking(blocks, coefficients), 2))
    apart = np.abs(np.subtract(*np.split(coefficients, 2)))
    seen = np.maximum(apart - strength[:, None] * _THRESHOLDS, 0) * _SENSITIVITY
    error = float(np.square(seen).mean())
    return HIGHEST if error == 0 else min(HIGHEST, 10 * math.log10(_PEAK**2 / error))


def _luma(pixels: torch.Tensor) -> Array:
    """Pixels (C, H, W) of 0..1 as luma (H, W) of 0..255."""
    # In single precision, rounding would give an even block a spread, and with it a mask.
    planes = [plane.double().numpy() for plane in pixels]
    found: Array = _PEAK * (planes[0] if len(planes) == 1 else sum(weight * plane for weight, plane in zip(_LUMA, planes, strict=True)))
    return found


def _blocks(image: Array) -> Array:
    """(N, 64): the whole blocks, without overlap, each row after row."""
    rows, columns = (length // _SIDE for length in image.shape)
    cut = image[: rows * _SIDE, : columns * _SIDE].reshape(rows, _SIDE, columns, _SIDE)
    return cut.swapaxes(1, 2).reshape(-1, _SIDE * _SIDE)


def _masking(blocks: Array, coefficients: Array) -> Array:
    """(N,): how strongly each block hides an error. Its energy is taken down by the spread within its quarters over that of the whole, so
    that an edge, which lies between quarters, hides little (section 3)."""
    energy = np.square(coefficients) @ _OF_AC
    within = _spread(blocks - blocks @ _MEANS_OF_QUARTERS, _SIDE**2 // 4)
    whole = _spread(blocks - blocks.mean(axis=1, keepdims=True), _SIDE**2)
    share = np.divide(within, whole, out=np.zeros_like(whole), where=whole > 0)
    found: Array = np.sqrt(energy * share) / 32
    return found


def _spread(apart: Array, count: int) -> Array:
    """(N,): `count` times the variance of a sample of as many, summed over a block's samples; `apart` is each pixel less its sample's
    mean, (N, 64)."""
    found: Array = np.einsum("ij,ij->i", apart, apart) * (count / (count - 1))
    return found
