"""Models that no plugin offers: a network of a Python file, and answers that another program wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medai._discovery.files import import_file
from medai._discovery.validate import ContractError
from medai._results.folder import safe_name
from medai.errors import DataError, UsageError
from medai.io import read_image, require_folder
from medai.tasks import Batch, Image


def network_from_file(file: Path, name: str, parameters: Mapping[str, object] | None = None, digest: str = "") -> nn.Module:
    """A network that a Python file defines, for who tries one before it has a plugin. The file is run: name none that you do not trust.

    Args:
        file: the Python file; its folder can be imported from.
        name: of the class in it, or of a function that builds the network.
        parameters: keywords that it is called with.
        digest: the first digits of the file's SHA-256 that a run was made with; empty: any.

    Returns:
        The network; it takes and gives what a model of the task does, in physical units.

    Raises:
        DataError: the file is not there, cannot be run, or has changed since.
        UsageError: it has no such name, or what the name gives is no `torch.nn.Module`.
    """
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", file) from error
    if not found.startswith(digest):
        raise DataError("the file has changed since this run was made with it", file)
    try:
        module = import_file(file)
    except ContractError as error:
        raise DataError(str(error), file) from error
    except Exception as error:
        raise DataError(f"cannot be run: {type(error).__name__}: {error}", file) from error
    build: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(build):
        raise UsageError(f"{file} has no class or function {name!r}")
    try:
        network = build(**(parameters or {}))
    except TypeError as error:
        raise UsageError(f"{file}: {name} cannot be built: {error}") from error
    if not isinstance(network, nn.Module):
        raise UsageError(f"{file}: {name} gives a {type(network).__name__}, not a torch.nn.Module")
    return network


class Answers:
    """Images that another program predicted, one file per case, as a predictor: they are measured as a model's are.

    A file is called as its case is, with `-` for every other sign than letters, digits, `.`, `-` and `_` (`L506/012` is `L506-012.npy`),
    with or without a number in front (`00012-...`), as in a run's own `predictions/`. Any format that `medai.io.read_image` reads, in the
    unit of the input.

    Args:
        folder: of the files; None: each input is its own answer, as of a program that changes nothing.
        digest: of the folder's content when a run was made with it; it only tells runs apart.
    """

    def __init__(self, folder: Path | None = None, digest: str = "") -> None:
        self._folder, self._files = folder, {} if folder is None else _by_stem(require_folder(folder, "folder of predictions"))

    def predict(self, batch: Batch[Image, Image]) -> Sequence[Image]:
        """The image of each case, float32, in the unit of its input.

        Raises:
            UsageError: a case has no file or several, or its file cannot be read or is of another size than the input. Whoever predicted
                them is not measured without it, as a model would be: it could be rid of its worst cases so.
        """
        given = [Image(pixels.detach().cpu().clone(), batch.inputs.unit) for pixels in batch.inputs.pixels]
        if self._folder is None:
            return given
        try:
            return [self._read(case.id, image.pixels, image.unit) for case, image in zip(batch.cases, given, strict=True)]
        except DataError as error:
            raise UsageError(str(error)) from error

    def _read(self, case: str, pixels: torch.Tensor, unit: str) -> Image:
        found = self._files.get(safe_name(case), [])
        if len(found) != 1:
            what = f"no file for the case {case!r}" if not found else f"{len(found)} files for the case {case!r}"
            raise DataError(f"{what}: one is wanted, called {safe_name(case)} with the suffix of an image", self._folder)
        image = read_image(found[0])
        if image.pixels.shape != pixels.shape:
            raise DataError(f"an image of {tuple(image.pixels.shape)} where the case {case!r} is of {tuple(pixels.shape)}", found[0])
        if image.unit not in ("", unit):
            raise DataError(f"an image in {image.unit} where the case {case!r} is in {unit}", found[0])
        return Image(image.pixels, unit)


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix in (".csv", ".json", ".txt"):
            continue
        stem = path.name.removesuffix(".gz").rpartition(".")[0] if path.is_file() else path.name
        number, _, rest = stem.partition("-")
        for name in {stem, rest} if number.isdigit() and len(number) == 5 else {stem}:
            found.setdefault(name, []).append(path)
    return found
