"""The task: a class for every pixel of an image, or every voxel of a volume."""

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
from medai.tasks.segmentation.drawing import draw
from medai.tasks.segmentation.types import Mask

LARGEST = 65535
"""The highest class: more is hardly meant, and statistics are kept per class."""

_UNIT = "label"
_UNIT_OF_ONE_PLANE = "label of a volume"


class Segmentation:
    """A class for every pixel: 0 for the background, 1, 2, ... for structures; of a volume, for every voxel.

    A plain module is called with pixels (B, C, H, W) or (B, C, D, H, W) in physical units and gives logits (B, n, H, W) or
    (B, n, D, H, W) of n classes, the background among them; n = 1 means one structure and no background of its own: its sigmoid above
    0.5 is class 1.
    """

    reference = Mask
    prediction = Mask
    metrics: tuple[Use, ...] = (use("medai/dice"), use("medai/iou"))

    def arguments(self, batch: Batch[Image, Mask]) -> tuple[torch.Tensor]:
        """The pixels."""
        return (batch.inputs.pixels,)

    def target(self, batch: Batch[Image, Mask]) -> torch.Tensor:
        """The classes, int64 (B, H, W) or (B, D, H, W).

        Raises:
            DataError: the batch has no reference.
        """
        if batch.reference is None:
            raise DataError(f"case {batch.cases[0].id} has no reference to learn from")
        return batch.reference.labels

    def predictions(self, output: Any, batch: Batch[Image, Mask]) -> list[Mask]:
        """The class with the highest logit at each pixel.

        Raises:
            PluginError: the output is no tensor of logits, or not of the images' size.
        """
        return self.from_tensors(self.tensors(output), batch)

    def tensors(self, output: Any) -> dict[str, torch.Tensor]:
        """`labels`: int64 (B, H, W) or (B, D, H, W).

        Raises:
            PluginError: the output is no tensor of logits.
        """
        if not isinstance(output, torch.Tensor) or output.ndim not in (4, 5):
            given = tuple(output.shape) if isinstance(output, torch.Tensor) else f"a {type(output).__name__}"
            raise PluginError(f"the model gave {given}, not logits (B, n, H, W) or (B, n, D, H, W)")
        # A sigmoid is above 0.5 where its logit is above 0.
        return {"labels": (output[:, 0] > 0).long() if output.shape[1] == 1 else output.argmax(1)}

    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch[Image, Mask]) -> list[Mask]:
        """A mask per case.

        Raises:
            PluginError: the masks are not of the images' size.
        """
        labels = tensors["labels"].detach().cpu()
        pixels = batch.inputs.pixels
        wanted = (pixels.shape[0], *pixels.shape[2:])
        if tuple(labels.shape) != wanted:
            raise PluginError(f"the model gave masks of {tuple(labels.shape)} where {wanted} were due")
        return [Mask(each) for each in labels]

    def perfect(self, samples: Sequence[Sample[Image, Mask]]) -> list[Mask]:
        """The references."""
        return [sample.reference for sample in samples if sample.reference is not None]

    def check(self, sample: Sample[Image, Mask]) -> None:
        """The image is finite float32, channel first; the mask is int64, of the image's size, with classes from 0 to 65535.

        Raises:
            DataError: it is not so.
        """
        pixels, where = sample.inputs.pixels, f"case {sample.case.id}"
        if pixels.dtype != torch.float32 or pixels.ndim not in (3, 4) or not pixels.numel():
            raise DataError(f"{where}: the image is {pixels.dtype} {tuple(pixels.shape)}, not float32 (C, H, W) or (C, D, H, W)")
        if not bool(torch.isfinite(pixels).all()):
            raise DataError(f"{where}: the image has pixels that are not finite")
        if sample.reference is not None and (fault := _fault(sample.reference, sample.inputs)):
            raise DataError(f"{where}: the mask {fault}")

    def check_prediction(self, prediction: Mask, sample: Sample[Image, Mask]) -> None:
        """As `check` of the mask.

        Raises:
            PluginError: it is not so.
        """
        if fault := _fault(prediction, sample.inputs):
            raise PluginError(f"the prediction of case {sample.case.id} {fault}")

    def draw(self, sample: Sample[Image, Mask], prediction: Mask, options: Mapping[str, Any]) -> Figure:
        """The image with the outlines of reference and prediction, each of them in colours, and where they differ; of a volume, the
        plane in which the reference (without one, the prediction) has most foreground.

        Options:
            window: lowest and highest value shown; default -160..240 for HU, 0..1 for that unit, else the middle 99 % of the values.
            classes: names of the classes, the background's first.
        """
        return draw(sample, prediction, options)

    def save(self, prediction: Mask, sample: Sample[Image, Mask], stem: Path) -> Path:
        """Write the classes: `.nii.gz` of whole numbers on the input's grid where it has an affine; else a plane with classes to 255 as
        a `.png` with a palette, whose indices are the classes, and anything else as `.npy`."""
        labels, origin = prediction.labels, sample.origin
        if origin is not None and origin.affine is not None:
            # A file of one plane reads as a plane; the unit says that it was a volume.
            unit = _UNIT_OF_ONE_PLANE if labels.ndim == 3 and len(labels) == 1 else _UNIT
            return write_image(stem.with_name(f"{stem.name}.nii.gz"), Image(labels[None].float(), unit), origin)
        if labels.ndim == 2 and int(labels.max()) <= 255:
            return write_image(stem.with_name(f"{stem.name}.png"), Image(labels[None].float(), _UNIT))
        return write_image(stem.with_name(f"{stem.name}.npy"), Image(labels[None].float()))

    def load(self, path: Path) -> Mask:
        """Read what `save` wrote, or a mask of another program in one of these formats.

        Raises:
            DataError: the file is not there, is no image, or holds something else than classes.
        """
        image = read_image(path)
        values = (image.pixels * 255).round() if image.unit == "0..1" else image.pixels
        labels = values[0].long()
        if len(values) != 1 or not torch.equal(labels.float(), values[0]):
            raise DataError("holds no classes: they are whole numbers in one channel", path)
        read = Mask(labels[None] if image.unit == _UNIT_OF_ONE_PLANE and labels.ndim == 2 else labels)
        if fault := _fault(read):
            raise DataError(fault, path)
        return read

    def open(self, paths: Sequence[Path]) -> Dataset[Any, Any]:
        """Image files and folders, as `medai.io.open_images` takes them."""
        return open_images(paths)


def _fault(mask: Mask, image: Image | None = None) -> str:
    """What is wrong with a mask, in words; nothing if nothing is."""
    if not isinstance(mask, Mask):
        return f"is a {type(mask).__name__}, not a Mask"
    labels = mask.labels
    if labels.dtype != torch.int64 or labels.ndim not in (2, 3) or not labels.numel():
        return f"is {labels.dtype} {tuple(labels.shape)}, not int64 (H, W) or (D, H, W)"
    if image is not None and labels.shape != image.pixels.shape[1:]:
        return f"is of {tuple(labels.shape)}, the image of {tuple(image.pixels.shape[1:])}"
    low, high = (int(value) for value in labels.aminmax())
    if low < 0:
        return f"has the negative class {low}; 0 is the background"
    return f"has the class {high}; {LARGEST} is the highest" if high > LARGEST else ""
