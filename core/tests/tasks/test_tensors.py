"""What an exported module gives: predictions of its tensors are those of its output, and it can be traced."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from medai.api import Use
from medai.errors import PluginError
from medai.tasks import Batch, Boxes, Case, Image, Label, Mask, Pairs, Row, Sample, Sequence, Task, Value
from medai.tasks.classification import Classification
from medai.tasks.detection import Detection
from medai.tasks.pairing import BasePairing
from medai.tasks.regression import Regression
from medai.tasks.restoration import Restoration
from medai.tasks.segmentation import Segmentation

PICTURE = Image(torch.rand(1, 6, 5), "0..1")
VOLUME = Image(torch.rand(1, 3, 6, 5), "0..1")


def batch(inputs: Any, reference: Any, count: int = 2) -> Batch[Any, Any]:
    return Batch.of([Sample(Case(str(place), "a"), inputs, reference) for place in range(count)])


CASES: list[tuple[Any, Batch[Any, Any], torch.Tensor, set[str]]] = [
    (Classification(), batch(PICTURE, Label(1)), torch.randn(2, 3), {"probabilities"}),
    (Segmentation(), batch(PICTURE, Mask(torch.ones(6, 5, dtype=torch.int64))), torch.randn(2, 3, 6, 5), {"labels"}),
    (Segmentation(), batch(VOLUME, None), torch.randn(2, 1, 3, 6, 5), {"labels"}),
    (Restoration(), batch(VOLUME, VOLUME), torch.randn(2, 1, 3, 6, 5), {"image"}),
    (Regression(), batch(Row(torch.rand(2), ("x", "y")), Value(torch.rand(2), ("a", "b"))), torch.randn(2, 2), {"values"}),
    (BasePairing(), batch(Sequence("GGAAACC"), Pairs.of([(0, 6)], 7)), torch.randn(2, 7, 7), {"logits"}),
]


def same(first: Any, second: Any) -> bool:
    """Whether two predictions are the same, tensors to the last bit."""
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and first.device.type == "cpu" and torch.equal(first, second)
    names = getattr(type(first), "__dataclass_fields__", None)
    return first == second if names is None else all(same(getattr(first, name), getattr(second, name)) for name in names)


class Answer(torch.nn.Module):
    """What an exporter traces: the module's output as the task's tensors."""

    def __init__(self, task: Any) -> None:
        super().__init__()
        self.task = task

    def forward(self, output: torch.Tensor) -> dict[str, torch.Tensor]:
        tensors: dict[str, torch.Tensor] = self.task.tensors(output)
        return tensors


@pytest.mark.parametrize(("task", "given", "output", "names"), CASES)
def test_predictions_of_tensors_are_those_of_the_output(task: Any, given: Batch[Any, Any], output: torch.Tensor, names: set[str]) -> None:
    tensors = task.tensors(output)
    assert set(tensors) == names
    predictions = task.predictions(output, given)
    assert len(predictions) == 2
    assert all(map(same, task.from_tensors(tensors, given), predictions))


@pytest.mark.parametrize(("task", "given", "output", "names"), CASES)
def test_the_tensors_can_be_traced(task: Any, given: Batch[Any, Any], output: torch.Tensor, names: set[str]) -> None:
    size = {0: torch.export.Dim("cases")}
    traced = torch.export.export(Answer(task), (output,), dynamic_shapes={"output": size}).module()
    more = torch.cat([output, output.flip(0)])
    for name, tensor in traced(more).items():
        assert torch.equal(tensor, task.tensors(more)[name])


def test_boxes_of_one_image() -> None:
    task, one = Detection(), batch(PICTURE, None, count=1)
    found = Boxes(torch.rand(3, 4).sort().values, torch.tensor([0, 1, 0]), torch.rand(3))
    tensors = task.tensors([found])
    assert set(tensors) == {"boxes", "labels", "scores"}
    assert same(task.from_tensors(tensors, one)[0], task.predictions([found], one)[0])
    for wrong in ([found, found], [Boxes(found.boxes, found.labels)], [{"boxes": found.boxes}]):
        with pytest.raises(PluginError, match="a batch of one image, with scores"):
            task.tensors(wrong)


def test_a_task_that_says_nothing_refuses() -> None:
    class Own(Task[Any, Any, Any]):
        reference = prediction = Label
        metrics: tuple[Use, ...] = ()

    with pytest.raises(PluginError, match="Own says no tensors"):
        Own().tensors(torch.zeros(1))
