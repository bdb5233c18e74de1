"""Tensors into a network, checked by name, by shape and by what the network then answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from medai._words import close_to
from medai.errors import DataError
from medai.weights._keys import KeyMap
from medai.weights._tensors import FileTensors

_SHOWN = 5


def load_into(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    key_map: KeyMap | Sequence[KeyMap] | None = None,
    allow_missing: Sequence[str] = (),
    allow_unexpected: Sequence[str] = (),
    example: Tensor | None = None,
) -> None:
    """Copy tensors into a network's parameters and buffers of the same names and shapes; all that is found wrong is said at once.

    Args:
        module: the network; unchanged when names or shapes do not fit.
        tensors: as `read` gives them; they are cast to the network's dtypes.
        key_map: how the names differ. Of several the first that fits is taken; the names as they are fit too, where they do.
        allow_missing: patterns (`head.*`) of names that the network may have and the file lacks: they keep their initial values.
        allow_unexpected: patterns of names that the file may have besides.
        example: an input; the network is then asked about it, as `check` does, and must not answer as it did before.

    Raises:
        DataError: names are missing or unexpected, shapes differ, or a parameter is not finite; or the answer to the example is not finite
            or has not changed. Of tensors that `read` gave, the file is named.
    """
    maps = [key_map] if isinstance(key_map, KeyMap) else list(key_map or ())
    try:
        _load_into(module, tensors, maps, allow_missing, allow_unexpected, example)
    except DataError as error:
        raise DataError(error.reason, tensors.path if isinstance(tensors, FileTensors) else None) from None


def misfit(module: nn.Module, tensors: Mapping[str, Tensor]) -> str:
    """What names and shapes of a network the tensors have not, or have besides; empty where they fit."""
    fit = _Fit.of(module.state_dict(), tensors, (), ())
    return str(fit) if fit.faults else ""


def _load_into(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    maps: Sequence[KeyMap],
    allow_missing: Sequence[str],
    allow_unexpected: Sequence[str],
    example: Tensor | None,
) -> None:
    # A file of our own needs no map.
    candidates = [dict(tensors), *(each.apply(tensors) for each in maps)]
    own = module.state_dict()
    found = [_Fit.of(own, candidate, allow_missing, allow_unexpected) for candidate in candidates]
    best = min(found, key=lambda fit: fit.faults)
    if best.faults:
        raise DataError(f"the weights do not fit {type(module).__name__}: {best}")
    fitting = {name: tensor for name, tensor in candidates[found.index(best)].items() if name in own}
    endless = [name for name, _ in module.named_parameters() if name in fitting and not torch.isfinite(fitting[name]).all()]
    if endless:
        raise DataError(f"holds NaN or infinity in {_few(endless)}")
    before = None if example is None else _answer(module, example)
    module.load_state_dict(fitting, strict=False)
    if example is not None and before is not None and _same(before, check(module, example)):
        raise DataError(f"the weights change nothing that {type(module).__name__} answers")


def check(module: nn.Module, example: Tensor) -> list[Tensor]:
    """Ask a network about an input, in evaluation mode and without gradients.

    Returns:
        The tensors in its answer.

    Raises:
        DataError: there is none, or a value is NaN or infinite.
    """
    answer = _answer(module, example)
    if not answer or any(not torch.isfinite(tensor).all() for tensor in answer):
        raise DataError(f"with these weights {type(module).__name__} answers with {'NaN or infinity' if answer else 'no tensor'}")
    return answer


def _answer(module: nn.Module, example: Tensor) -> list[Tensor]:
    training = [part for part in module.modules() if part.training]
    try:
        with torch.no_grad():
            return list(_tensors_in(module.eval()(example)))
    finally:
        for part in training:
            part.training = True


def _tensors_in(answer: object) -> Iterable[Tensor]:
    if isinstance(answer, Tensor):
        yield answer
    elif isinstance(answer, Mapping):
        for part in answer.values():
            yield from _tensors_in(part)
    elif isinstance(answer, list | tuple):
        for part in answer:
            yield from _tensors_in(part)


def _same(before: Sequence[Tensor], after: Sequence[Tensor]) -> bool:
    return len(before) == len(after) and all(map(torch.equal, before, after))


@dataclass(frozen=True)
class _Fit:
    """How tensors fit a network."""

    common: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    differing: tuple[str, ...]

    @classmethod
    def of(
        cls, own: Mapping[str, Tensor], given: Mapping[str, Tensor], allow_missing: Sequence[str], allow_unexpected: Sequence[str]
    ) -> _Fit:
        common = [name for name in own if name in given]
        return cls(
            len(common),
            tuple(name for name in own if name not in given and not _allowed(name, allow_missing)),
            tuple(name for name in given if name not in own and not _allowed(name, allow_unexpected)),
            tuple(
                f"{name} is {tuple(given[name].shape)}, not {tuple(own[name].shape)}"
                for name in common
                if given[name].shape != own[name].shape
            ),
        )

    @property
    def faults(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.differing) + (self.common == 0)

    def __str__(self) -> str:
        said = [] if self.common else ["not one name is the same"]
        if self.missing:
            # Names that are near are sought for those alone that are shown: of thousands the search takes many seconds.
            shown = [_with_near(name, self.unexpected) for name in self.missing[:_SHOWN]]
            said.append(f"missing {_few([*shown, *self.missing[_SHOWN:]])}")
        if self.unexpected:
            said.append(f"unexpected {_few(self.unexpected)}")
        if self.differing:
            said.append(f"other shapes: {_few(self.differing)}")
        return "; ".join(said)


def _allowed(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _with_near(name: str, others: Sequence[str]) -> str:
    near = close_to(name, others, 1)
    return f"{name} (there is {near[0]})" if near else name


def _few(items: Sequence[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
