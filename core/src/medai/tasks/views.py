"""The core's own views."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from medai.errors import UsageError
from medai.tasks._protocols import Dataset
from medai.tasks._records import Case, Sample


class View:
    """A dataset over a dataset, with the source's cases; a subclass offers `read`, and `cases` where it cuts them up.

    Args:
        source: what is read.
    """

    def __init__(self, source: Dataset[Any, Any]) -> None:
        self.source = source

    @property
    def single_subject(self) -> bool:
        """As the source declares."""
        return bool(getattr(self.source, "single_subject", False))

    @property
    def facts(self) -> Mapping[str, object]:
        """As the source says."""
        return dict(getattr(self.source, "facts", {}))

    def cases(self) -> Sequence[Case]:
        """The source's cases."""
        return self.source.cases()

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """The source's sample, changed.

        Raises:
            DataError: the source cannot read it.
        """
        raise NotImplementedError


class Cached(View):
    """The source's samples, kept in memory: for those that cost much and need not differ from epoch to epoch, such as simulated
    measurements.

    The source reads with a generator made from the case's id alone, never with the one it is given, so that a sample is the same in
    every epoch, process and run, whether it came from the cache or not. Views that draw at random (patches, flips) go on top.

    When `gigabytes` are full, further samples are read anew each time: none is thrown out, because a pass over all cases would throw
    out each one just before it is needed. The cache stays in its process, and each of several loader workers has its own.
    A sample is handed out as it is: who changes its tensors in place changes the cache.

    Args:
        source: what is read.
        gigabytes: most memory to use in each process, in 1e9 bytes.
    """

    def __init__(self, source: Dataset[Any, Any], gigabytes: float = 2.0) -> None:
        if not gigabytes >= 0:
            raise UsageError(f"gigabytes = {gigabytes}: not a size")
        super().__init__(source)
        self.gigabytes = gigabytes
        self._kept: dict[str, Sample[Any, Any]] = {}
        self._free = int(gigabytes * 1e9)

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        """The sample; `rng` is not used.

        Raises:
            DataError: the source cannot read the case; nothing is kept of it.
        """
        if case.id in self._kept:
            return self._kept[case.id]
        seed = hashlib.blake2b(case.id.encode(), digest_size=16).digest()
        sample = self.source.read(case, np.random.default_rng(int.from_bytes(seed, "big")))
        size = _bytes_in(sample)
        if size <= self._free:
            self._free -= size
            self._kept[case.id] = sample
        return sample

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self.source, "gigabytes": self.gigabytes}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def _bytes_in(value: Any) -> int:
    """Memory of the arrays inside a sample, however nested; the rest is small."""
    if isinstance(value, torch.Tensor):
        return value.untyped_storage().nbytes()
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, Mapping):
        return sum(map(_bytes_in, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_bytes_in, value))
    if dataclasses.is_dataclass(value):
        return sum(_bytes_in(getattr(value, field.name)) for field in dataclasses.fields(value))
    return 0
