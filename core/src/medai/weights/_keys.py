"""Other people's names of tensors, as rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from medai.errors import DataError, PluginError

Target = str | tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class KeyMap:
    r"""How the tensors of a published checkpoint are called in a network of ours.

    ```python
    KeyMap(name="edcnn", source="https://...", rules=((r"conv_p1\.(.*)", r"blocks.0.gather.\1"), (r"conv_sobel\.sobel_weight", None)))
    ```

    Attributes:
        name: for messages.
        source: where the names were read.
        rules: pairs, in order. The first whose regular expression matches a whole name decides: the new name, with `\1` for a group;
            several names where one tensor stands in several places; None for a tensor that the network does not have. A name that no rule
            matches stays.

    Raises:
        PluginError: an expression is malformed.
    """

    name: str
    rules: tuple[tuple[str, Target], ...]
    source: str = ""

    def __post_init__(self) -> None:
        for pattern, _ in self.rules:
            try:
                re.compile(pattern)
            except re.error as error:
                raise PluginError(f"key map {self.name}: {pattern!r} is no regular expression: {error}") from error

    def names(self, name: str) -> tuple[str, ...]:
        """What a tensor is called here: one name, several, or none."""
        for pattern, target in self.rules:
            if match := re.fullmatch(pattern, name):
                targets = target if isinstance(target, tuple) else () if target is None else (target,)
                return tuple(match.expand(each) for each in targets)
        return (name,)

    def apply(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors under our names.

        Raises:
            DataError: two come to one name.
        """
        found: dict[str, Tensor] = {}
        for name, tensor in tensors.items():
            for new in self.names(name):
                if new in found:
                    raise DataError(f"key map {self.name}: {name} and another tensor both become {new}")
                found[new] = tensor
        return found
