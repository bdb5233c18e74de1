"""Exporters of images and of modules, each with one fault."""

import json
import pickle
import random
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from medai.api import predictor
from medai.errors import DataError, EnvironmentFault
from medai.io import write_image, write_json
from medai.tasks import Image, Mask, Origin


class Files:
    """A NIfTI file for each image: an exporter that keeps the contract."""

    def check(self, sample, prediction):
        if not isinstance(prediction, Image) or sample.origin is None or sample.origin.affine is None:
            raise DataError("it is no image with a place")

    def write(self, rows, folder):
        return [self.one(place, sample, prediction, folder) for place, (sample, prediction) in enumerate(rows)]

    def one(self, place, sample, prediction, folder):
        self.check(sample, prediction)
        return write_image(folder / f"{place:04d}.nii.gz", prediction, sample.origin)


class LosesAffine(Files):
    """Writes the spacing and forgets where it lies."""

    def one(self, place, sample, prediction, folder):
        import numpy as np

        spacing = sample.origin.spacing
        affine = np.diag([*(spacing[::-1] if len(spacing) == 3 else (*spacing, 1.0)), 1.0])
        return write_image(folder / f"{place:04d}.nii.gz", prediction, Origin(affine=affine, spacing=spacing))


class ScalesValues(Files):
    """Writes images as parts of their largest value."""

    def one(self, place, sample, prediction, folder):
        scaled = Image(prediction.pixels / prediction.pixels.abs().max() / 2, prediction.unit)
        return write_image(folder / f"{place:04d}.nii.gz", scaled, sample.origin)


class TransposesVolumes(Files):
    """Writes the planes of a volume as its columns; images of one plane stay as they are."""

    def one(self, place, sample, prediction, folder):
        self.check(sample, prediction)
        pixels = prediction.pixels.transpose(1, 3) if prediction.pixels.ndim == 4 else prediction.pixels
        return write_image(folder / f"{place:04d}.nii.gz", Image(pixels, prediction.unit), sample.origin)


class Shrinks(Files):
    """Writes every other pixel."""

    def one(self, place, sample, prediction, folder):
        self.check(sample, prediction)
        return write_image(folder / f"{place:04d}.nii.gz", Image(prediction.pixels[..., ::2, ::2], prediction.unit), sample.origin)


class WithPictures(Files):
    """Writes a picture to look at beside each file, in colours and of another size: that is no fault."""

    def write(self, rows, folder):
        rows = list(rows)
        return [path for pair in zip(super().write(rows, folder), self.pictures(rows, folder), strict=True) for path in pair]

    def pictures(self, rows, folder):
        for place, (_, prediction) in enumerate(rows):
            plane = prediction.pixels[:, 0] if prediction.pixels.ndim == 4 else prediction.pixels
            low, high = plane.min(), plane.max()
            shades = ((plane - low) / (high - low))[..., ::2, ::2].expand(3, -1, -1)
            yield write_image(folder / f"{place:04d}.png", Image(shades, "0..1"))


class OfImagesAlone(Files):
    """Knows nothing but images, as its spec says: that other predictions have no pixels is no fault."""

    def check(self, sample, prediction):
        if not prediction.pixels.numel() or sample.origin is None or sample.origin.affine is None:
            raise DataError("it is no image with a place")


class Overwrites(Files):
    """Names files as the files that images come from."""

    def one(self, place, sample, prediction, folder):
        name = sample.origin.files[0].stem if sample.origin.files else sample.case.id
        return write_image(folder / f"{name}.nii.gz", prediction, sample.origin)


class Pickles(Files):
    """Writes a pickle."""

    def one(self, place, sample, prediction, folder):
        path = folder / f"{place:04d}.bin"
        path.write_bytes(pickle.dumps(prediction.pixels.tolist()))
        return path


class WritesOutside(Files):
    """Leaves a list beside its folder."""

    def write(self, rows, folder):
        Path(folder.parent, "list.txt").write_text("images")
        return super().write(rows, folder)


class LeavesHalf(Files):
    """Leaves a temporary file behind."""

    def write(self, rows, folder):
        (folder / ".half").write_text("half")
        return super().write(rows, folder)


class SkipsTheLast(Files):
    """Writes all but the last image, which it names."""

    def write(self, rows, folder):
        *most, _ = list(rows)
        files = super().write(most, folder)
        last = folder / "last.txt"
        last.write_text("-")
        return [*files, last]


class AddsChance(Files):
    """Writes a number drawn at random."""

    def one(self, place, sample, prediction, folder):
        write_image(folder / f"{place:04d}.nii.gz", prediction, sample.origin)
        path = folder / f"{place:04d}.txt"
        path.write_text(f"drawn {random.SystemRandom().random()}")
        return path

    def write(self, rows, folder):
        files = super().write(rows, folder)
        return [*files, *sorted(folder.glob("*.nii.gz"))]


class InPlace(Files):
    """Darkens the image that it gets when it has written it."""

    def one(self, place, sample, prediction, folder):
        path = super().one(place, sample, prediction, folder)
        prediction.pixels.mul_(0.5)
        return path


class RefusesInItsOwnWords(Files):
    """Refuses what it cannot write with an error of its own."""

    def check(self, sample, prediction):
        if not isinstance(prediction, Image) or sample.origin is None or sample.origin.affine is None:
            raise ValueError("no image")


class Masks(Files):
    """A NIfTI file for each mask: an exporter that keeps the contract."""

    def check(self, sample, prediction):
        if not isinstance(prediction, Mask) or sample.origin is None or sample.origin.affine is None:
            raise DataError("it is no mask with a place")

    def one(self, place, sample, prediction, folder):
        self.check(sample, prediction)
        labels = self.laid(prediction.labels)[None].float()
        return write_image(folder / f"{place:04d}.nii.gz", Image(labels, ""), sample.origin)

    def laid(self, labels):
        return labels


class MergesClasses(Masks):
    """Writes where something is, and not what."""

    def laid(self, labels):
        return labels > 0


class SwapsAxes(Masks):
    """Writes rows as columns."""

    def laid(self, labels):
        return labels.transpose(-1, -2)


class FlipsRows(Masks):
    """Writes the last row first."""

    def laid(self, labels):
        return labels.flip(-2)


class ShiftsColumns(Masks):
    """Writes each column one further on."""

    def laid(self, labels):
        return labels.roll(1, -1)


class Shades(Masks):
    """Pictures of masks, each class in a shade of its own: they are to be looked at, and that is no fault."""

    def one(self, place, sample, prediction, folder):
        return write_image(folder / f"{place:04d}.png", Image(prediction.labels[None] / 3, "0..1"))

    def check(self, sample, prediction):
        super().check(sample, prediction)
        if prediction.labels.ndim != 2:
            raise DataError("it is no plane")


class OwnFormat(Files):
    """Writes a format that nothing else reads."""

    def one(self, place, sample, prediction, folder):
        self.check(sample, prediction)
        path = folder / f"{place:04d}.own"
        path.write_bytes(b"OWN1" + sample.origin.affine.tobytes() + prediction.pixels.numpy().tobytes())
        return path


class NeedsAnExtra(Files):
    """Needs a package that is not there, as its spec says."""

    def __init__(self):
        raise EnvironmentFault("medai-broken-outputs needs an extra: pip install 'medai-broken-outputs[extra]'")


class Model:
    """Weights and what the model is: an exporter of models that keeps the contract."""

    def write(self, model, batch, folder):
        save_file({name: value.contiguous() for name, value in model.module.state_dict().items()}, folder / "weights.safetensors")
        write_json(folder / "model.json", {"model": model.use.id, "task": model.task, "parameters": dict(model.use.params)})
        return folder / "model.json"

    def open(self, path):
        said = json.loads(path.read_text())
        found = predictor(said["model"], said["task"], **said["parameters"])
        found.load_state_dict({"module": self.weights(path.parent / "weights.safetensors")})
        return found

    def weights(self, path):
        return load_file(path)


class ForgetsWeights(Model):
    """Opens a model that has not learnt."""

    def open(self, path):
        said = json.loads(path.read_text())
        return predictor(said["model"], said["task"], **said["parameters"])


class HalvesWeights(Model):
    """Writes the weights, and halves those of the model that it was given."""

    def write(self, model, batch, folder):
        path = super().write(model, batch, folder)
        with torch.no_grad():
            for parameter in model.module.parameters():
                parameter.mul_(0.5)
        return path


class PicklesModels(Model):
    """Writes the weights as torch.save does: an archive with a pickle in it."""

    def write(self, model, batch, folder):
        torch.save(model.module.state_dict(), folder / "weights.pt")
        return super().write(model, batch, folder)


class ModelBeside(Model):
    """Writes beside its folder."""

    def write(self, model, batch, folder):
        (folder.parent / "beside.txt").write_text("weights")
        return super().write(model, batch, folder)


class ChokesOnSome(Model):
    """Fails on the first model of the plugin, and takes others."""

    def write(self, model, batch, folder):
        {"broken-outputs/fails-in-training": "known"}[model.use.id]
        return super().write(model, batch, folder)
