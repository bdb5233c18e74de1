"""Whose fault an error is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from enginetoys import Points, feed_of, learner_of, plain
from torch import nn

from medai._engine.blame import blamed, blamed_items, name_of
from medai._engine.construct import construct
from medai._engine.evaluate import answers
from medai.api import use
from medai.errors import DataError, DivergedError, PluginError, UsageError
from medai.tasks.restoration import Restoration

PASSED = (
    DataError("is spoilt", "a.dcm"),
    UsageError("no"),
    DivergedError("nan"),
    PluginError("named already"),
    MemoryError("full"),
    torch.OutOfMemoryError("full"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
    KeyboardInterrupt(),
)


@pytest.mark.parametrize("error", [ZeroDivisionError("a slip"), OSError("gone"), StopIteration("early"), SystemExit(3)])
def test_a_plugins_error_names_the_component_and_is_kept_as_the_cause(error: BaseException) -> None:
    with pytest.raises(PluginError, match=f"^model a/net failed: {type(error).__name__}: {error}$") as caught, blamed("model a/net"):
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", PASSED, ids=lambda error: type(error).__name__)
def test_errors_that_are_not_the_plugins_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, blamed("model a/net"):
        raise error
    assert caught.value is error


def giving(error: BaseException) -> Iterator[int]:
    yield 1
    yield 2
    raise error


def test_items_pass_up_to_the_error_which_is_blamed() -> None:
    error, found = KeyError("slip"), []
    with pytest.raises(PluginError, match="baseline a/b failed: KeyError: 'slip'") as caught:
        for item in blamed_items(lambda: giving(error), "baseline a/b"):
            found.append(item)
    assert found == [1, 2] and caught.value.__cause__ is error


def test_the_call_that_gives_the_items_is_blamed_too_and_may_give_nothing() -> None:
    def fit() -> None:
        raise SystemExit(3)

    with pytest.raises(PluginError, match="model a/net failed: SystemExit: 3"):
        list(blamed_items(fit, "model a/net"))
    assert list(blamed_items(lambda: None, "model a/net")) == []


@pytest.mark.parametrize("error", PASSED, ids=lambda error: type(error).__name__)
def test_of_items_too_errors_that_are_not_the_plugins_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        list(blamed_items(lambda: giving(error), "model a/net"))
    assert caught.value is error


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), SystemExit(3), DataError("mine")])
def test_errors_of_who_takes_the_items_are_not_blamed(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        for _ in blamed_items(lambda: iter([1]), "model a/net"):
            raise error
    assert caught.value is error


def test_a_model_is_called_by_its_id_where_it_is_known() -> None:
    assert name_of(learner_of(plain())) == "model enginetoys/plain"
    assert name_of(nn.ReLU()) == "ReLU"


class _Wrong:
    def __init__(self, answer: object) -> None:
        self.answer, self.use = answer, use("a/net")

    def predict(self, batch: object) -> object:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "model a/net failed on case c0: TypeError: object of type 'NoneType' has no len"),
        ([], "model a/net gave 0 predictions for one case"),
        (["text"], "model a/net: the prediction of case c0 is a str, not an Image"),
    ],
)
def test_a_prediction_that_breaks_the_conventions_names_the_model(answer: object, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        list(answers(_Wrong(answer), feed_of(Points()), Restoration()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (SystemExit(3), PluginError, "model enginetoys/plain could not be built: SystemExit: 3"),
        (MemoryError("full"), MemoryError, "full"),
    ],
)
def test_a_constructor_that_ends_the_process_or_fills_the_memory(
    error: BaseException, kind: type[BaseException], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(nn, "Sequential", refuse)
    with pytest.raises(kind, match=said):
        construct("enginetoys/plain", {}, kind="model")


@pytest.mark.parametrize(("error", "kind"), [(SystemExit(3), PluginError), (MemoryError("full"), MemoryError)])
def test_a_dataset_that_ends_the_process_or_fills_the_memory(error: BaseException, kind: type[BaseException]) -> None:
    class Ending(Points):
        def read(self, case: object, rng: object) -> object:  # type: ignore[override]
            raise error

    with pytest.raises(kind, match=r"Ending failed on case c0: SystemExit: 3|full"):
        list(feed_of(Ending()).samples())
