"""Models whose state, or whose place, is not what it should be."""

import base64
import multiprocessing
import pickle
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from medai.tasks import Batch, Context, Feed, Image, Progress
from medai_broken_models.answers import Asked, Sound

RAMP = torch.linspace(0, 0.01, 64)


class Pickled:
    """Keeps what it has learnt as a pickle in an array of bytes."""

    def __init__(self) -> None:
        self.shift: list[float] = []

    def predict(self, batch: Batch) -> list[Image]:
        return [Image(pixels.cpu() + sum(self.shift), batch.inputs.unit) for pixels in batch.inputs.pixels]

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        while len(self.shift) < 3:
            self.shift.append(0.001)
            yield Progress(len(self.shift), 0)

    def state_dict(self) -> dict[str, Any]:
        return {"learnt": np.frombuffer(pickle.dumps(self.shift), dtype=np.uint8)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.shift = pickle.loads(state["learnt"].tobytes())  # noqa: S301  the fault that is to be found


class PickledText(Pickled):
    """The same as a text, compressed."""

    def state_dict(self) -> dict[str, Any]:
        return {"learnt": base64.b64encode(zlib.compress(pickle.dumps(self.shift))).decode()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.shift = pickle.loads(zlib.decompress(base64.b64decode(state["learnt"])))  # noqa: S301  the fault that is to be found


class UnsavedWeights(Sound):
    """A part of it is in no state."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = float(torch.rand(()))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) + 0.1 * self.gain


class PlainTensor(Sound):
    """The kernel of a mean, in no buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = torch.full((1, 1, 3, 3), 1 / 9)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.conv2d(image, self.kernel, padding=1))


class UnregisteredLayer(Sound):
    """A layer in a list, which is no part of the module."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.Conv2d(1, 1, 1)
        nn.init.constant_(layer.weight, 1.0)
        nn.init.zeros_(layer.bias)
        self.layers = [layer.requires_grad_(False)]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(self.layers[0](image))


class TensorOfTheFile(Sound):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) + RAMP[:1]


class TensorOfTheClass(Sound):
    level = torch.full((1,), 0.01)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) + self.level


class TensorsInATuple(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.levels = (torch.full((1,), 0.01), {"second": torch.full((1,), 0.02)})

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) + self.levels[1]["second"]


class NumpyOfTheAnswer(Asked):
    """Works with the answer in numpy, wherever it is."""

    def predict(self, batch: Batch) -> list[Image]:
        return [Image(torch.from_numpy(np.maximum(each.numpy(), 0)), batch.inputs.unit) for each in self(batch.inputs.pixels)]


class MadeOnTheCpu(Sound):
    """A ramp that is made anew at each call, without a device."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) + 0.01 * torch.linspace(0, 1, image.shape[-1])


class FirstProcessAlone(Sound):
    """Answers otherwise in a process that another one has started."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) * (1.1 if multiprocessing.parent_process() else 1.0)
