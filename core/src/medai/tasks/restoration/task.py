"""The task: an image or a volume for an image or a volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from medai.api import Use, use
from medai.errors import DataError, PluginError
from medai.io import open_images, read_image, write_image
from medai.tasks._protocols import Dataset
from medai.tasks._records import Batch, Sample
from medai.tasks.inputs import Image
from medai.tasks.restoration.drawing import draw


class Restoration:
    """Denoise, remove, reconstruct: the answer is an `Image` of the reference's shape and unit, of two or three dimensions.

    A plain module is called with pixels (B, C, H, W) or (B, C, D, H, W) in physical units, and gives the same in the reference's shape.
    """

    reference = Image
    prediction = Image
    metrics: tuple[Use, ...] = (use("medai/psnr"), use("medai/ssim"), use("medai/rmse"))

    def arguments(self, batch: Batch[Image, Image]) -> tuple[torch.Tensor]:
        """The pixels."""
        return (batch.inputs.pixels,)

    def target(self, batch: Batch[Image, Image]) -> torch.Tensor:
        """The reference's pixels.

        Raises:
            DataError: the batch has no reference.
        """
        if batch.reference is None:
            raise DataError(f"case {batch.cases[0].id} has no reference to learn from")
        return batch.reference.pixels

    def predictions(self, output: Any, batch: Batch[Image, Image]) -> list[Image]:
        """One image per case, float32, on the CPU, in the reference's unit, or the input's where there is no reference.

        Raises:
            PluginError: the output is no tensor, or not of the reference's shape.
        """
        return self.from_tensors(self.tensors(output), batch)

    def tensors(self, output: Any) -> dict[str, torch.Tensor]:
        """`image`: the pixels, float32.

        Raises:
            PluginError: the output is no tensor.
        """
        if not isinstance(output, torch.Tensor):
            raise PluginError(f"the model gave a {type(output).__name__}, not a tensor of pixels")
        return {"image": output.float()}

    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch[Image, Image]) -> list[Image]:
        """One image per case.

        Raises:
            PluginError: the pixels are not of the reference's shape.
        """
        pixels = tensors["image"]
        wanted = (len(batch.cases),) if batch.reference is None else tuple(batch.reference.pixels.shape)
        if tuple(pixels.shape[: len(wanted)]) != wanted or pixels.ndim not in (4, 5):
            raise PluginError(f"the model gave pixels of {tuple(pixels.shape)} where {wanted} were due")
        unit = (batch.reference or batch.inputs).unit
        return [Image(each, unit) for each in pixels.detach().cpu()]

    def perfect(self, samples: Sequence[Sample[Image, Image]]) -> list[Image]:
        """The references."""
        return [sample.reference for sample in samples if sample.reference is not None]

    def check(self, sample: Sample[Image, Image]) -> None:
        """Input and reference are finite float32, channel first, of one unit and dimension.

        Raises:
            DataError: it is not so.
        """
        images = {"input": sample.inputs} | ({} if sample.reference is None else {"reference": sample.reference})
        for name, image in images.items():
            if fault := _fault(image):
                raise DataError(f"case {sample.case.id}: the {name} {fault}")
        units = {image.unit for image in images.values()}
        if len(units) > 1:
            raise DataError(
                f"case {sample.case.id}: the input is in {sample.inputs.unit!r}, the reference in another unit: {sorted(units)}"
            )

    def check_prediction(self, prediction: Image, sample: Sample[Image, Image]) -> None:
        """A finite float32 image of the reference's shape.

        Raises:
            PluginError: it is not so.
        """
        fault = _fault(prediction)
        if not fault and sample.reference is not None and prediction.pixels.shape != sample.reference.pixels.shape:
            fault = f"is of {tuple(prediction.pixels.shape)}, the reference of {tuple(sample.reference.pixels.shape)}"
        if fault:
            raise PluginError(f"the prediction of case {sample.case.id} {fault}")

    def draw(self, sample: Sample[Image, Image], prediction: Image, options: Mapping[str, Any]) -> Figure:
        """Input, prediction, reference and error side by side, a region of interest enlarged below; of a volume, its middle plane.

        Options:
            window: lowest and highest value shown, which is also the window of the PSNR in the titles; default -160..240 for HU, 0..1
                for that unit, else the middle 99 % of the values.
            roi: (row, column, height, width) of the region, or `change`: where the input differs most from the reference, for marks that
                were taken away; default: where the reference has most structure inside the window.

        Raises:
            UsageError: `roi` leaves the image.
        """
        return draw(sample, prediction, options)

    def save(self, prediction: Image, sample: Sample[Image, Image], stem: Path) -> Path:
        """Write `.nrrd` of several channels; of one, `.nii.gz` on the input's grid where it has an affine, else `.npy` (which keeps no
        unit). A volume of one plane is `.npy` too: the other formats read as a plane, as does one of several channels."""
        channels, *size = prediction.pixels.shape
        placed = sample.origin is not None and sample.origin.affine is not None and (len(size) == 2 or size[0] > 1)
        suffix = ".nrrd" if channels > 1 else ".nii.gz" if placed else ".npy"
        return write_image(stem.with_name(stem.name + suffix), prediction, sample.origin)

    def load(self, path: Path) -> Image:
        """Read what `save` wrote.

        Raises:
            DataError: the file is not there or is no image.
        """
        return read_image(path)

    def open(self, paths: Sequence[Path]) -> Dataset[Image, Image]:
        """Image files and folders, as `medai.io.open_images` takes them."""
        return open_images(paths)


def _fault(image: Image) -> str:
    """What is wrong with an image, in words; nothing if nothing is."""
    if not isinstance(image, Image):
        return f"is a {type(image).__name__}, not an Image"
    pixels = image.pixels
    if pixels.dtype != torch.float32 or pixels.ndim not in (3, 4) or not pixels.numel():
        return f"is {pixels.dtype} {tuple(pixels.shape)}, not float32 (C, H, W) or (C, D, H, W)"
    return "" if bool(torch.isfinite(pixels).all()) else "has pixels that are not finite"
