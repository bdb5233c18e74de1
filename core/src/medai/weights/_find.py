"""Finding the file of published weights: given, mirrored, cached or fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from medai.errors import DataError, EnvironmentFault
from medai.weights._fetch import fetch
from medai.weights._ledger import Taken, tell
from medai.weights._legacy import LEGACY, converted
from medai.weights._record import Weights
from medai.weights._tensors import metadata, sha256

MIRROR = "MEDAI_WEIGHTS"


def find(weights: Weights, file: Path | str | None = None, mirror: Path | str | None = None, *, fetching: bool = True) -> Path:
    """The safetensors file of published weights.

    Looked for in this order: `file`, which is taken as it is; the folders of mirrors, that given and those that the environment variable
    `MEDAI_WEIGHTS` names; the caches of Hugging Face, torch.hub and medai; and the network. In a mirror a file bears the weights' name
    (`timm/resnet18.a1_in1k.safetensors`) or the name it is published by (`resnet18-f37072fd.pth`). Every file but `file` must have the
    SHA-256 that is stated; where none is (the hub states its own when it is asked), a run says that the file could not be compared. Its
    record keeps the SHA-256, licence and source of whatever was taken. A legacy file is converted once, and kept in medai's cache.

    Args:
        weights: which.
        file: a file that takes their place, safetensors or legacy: fine-tuned, or not published.
        mirror: a folder of weights.
        fetching: whether the network may be asked. A recipe that says `pretrained = "..."` asks; nothing else does.

    Raises:
        EnvironmentFault: the weights are nowhere. The message says where to get them and where to put them, their licence, and how to go on
            without.
        DataError: `file` is missing or unreadable, or a file that was found is not the published one.
    """
    if file is not None:
        return as_safetensors(file)
    for path in _places(weights, mirror):
        if path.is_file():
            return _verified(weights, path)
    if not fetching:
        raise _nowhere(weights, "the network was not asked")
    suffix = Path(weights.published_name).suffix
    target = cache() / f"{weights.name}{suffix}"
    try:
        fetch(weights, target)
    except EnvironmentFault as error:
        raise _nowhere(weights, str(error)) from error
    return _verified(weights, target)


def cache() -> Path:
    """Medai's own folder of weights."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "medai" / "weights"


def _places(weights: Weights, mirror: Path | str | None) -> Iterator[Path]:
    folders = [] if mirror is None else [Path(mirror)]
    folders += [Path(folder) for folder in os.environ.get(MIRROR, "").split(os.pathsep) if folder]
    suffix = Path(weights.published_name).suffix
    for folder in [*folders, cache()]:
        yield folder / f"{weights.name}.safetensors"
        if suffix != ".safetensors":
            yield folder / f"{weights.name}{suffix}"
        if folder != cache() and weights.url:
            yield folder / weights.published_name
        if folder != cache() and weights.hub:
            yield folder / weights.hub / weights.file
    yield from _library_caches(weights)


def _library_caches(weights: Weights) -> Iterator[Path]:
    """Where other programs have put the same file."""
    if weights.url:
        import torch.hub

        yield Path(torch.hub.get_dir()) / "checkpoints" / weights.published_name
        return
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return
    found = try_to_load_from_cache(weights.hub, weights.file, revision=weights.revision)
    if isinstance(found, str):
        yield Path(found)


def _verified(weights: Weights, path: Path) -> Path:
    """The file, if it is the published one or was made from it."""
    digest = sha256(path)
    if path.suffix == ".safetensors" and not weights.matches(digest):
        # Converted, it says what it was made from.
        digest = metadata(path).get("source_sha256", digest)
    if not weights.matches(digest):
        raise DataError(f"is not the published weights {weights.name}: its SHA-256 is {digest}, not {weights.sha256}", path)
    tell(Taken(weights.name, digest, weights.license, weights.source, bool(weights.sha256)))
    return _as_safetensors(path)


def as_safetensors(file: Path | str) -> Path:
    """A file of weights as safetensors: itself, or what a legacy file was converted to, once, in medai's cache.

    Raises:
        DataError: it is missing, not a file of weights, or holds more than tensors.
    """
    path = Path(file)
    found = _as_safetensors(path)
    tell(Taken(path.name, sha256(path)))
    return found


def _as_safetensors(path: Path) -> Path:
    if path.suffix in LEGACY:
        return converted(path, cache() / "converted")
    metadata(path)  # or it is an error here, with its name
    return path


def _nowhere(weights: Weights, reason: str) -> EnvironmentFault:
    return EnvironmentFault(
        f"the weights {weights.name} are not on this machine ({reason}). Get {weights.place} (licence: {weights.license}), "
        f"and put it at {cache() / weights.name}{Path(weights.published_name).suffix}, or by that name in a folder that {MIRROR} names. "
        f"Or go on without, from random weights: --set model.pretrained=none, which the run records as a departure from its recipe"
    )
