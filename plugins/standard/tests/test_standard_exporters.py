"""Exporters: what is written can be read by others, and opened again."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel
import numpy as np
import pytest
import skops.io
import torch
from PIL import Image as Picture

from medai.api import Use, predictor
from medai.errors import DataError, PluginError, UsageError
from medai.tasks import Batch, Case, Image, Label, Origin, Row, Sample, Trained
from medai_standard.exporters import description
from medai_standard.exporters.predictions import Predictions
from medai_standard.exporters.safetensors import Safetensors
from medai_standard.exporters.skops_file import Skops


def sample(name: str, pixels: torch.Tensor, unit: str, affine: Any = None) -> tuple[Sample[Any, Any], Image]:
    image = Image(pixels, unit)
    return Sample(Case(name, "g"), image, None, Origin((), affine, ())), image


@dataclass(frozen=True)
class Boxes:
    boxes: torch.Tensor
    labels: np.ndarray[Any, Any]
    note: tuple[str, ...]


def test_images_are_written_by_what_they_are(tmp_path: Path) -> None:
    hu = torch.arange(12.0).view(1, 3, 4) - 500
    rows = [
        sample("a/ct", hu, "HU", np.diag([2.0, 3.0, 1.0, 1.0])),
        sample("grey", torch.rand(1, 5, 6), "0..1"),
        sample("placeless", hu, "HU"),
    ]
    files = Predictions().write(rows, tmp_path / "out")
    assert [path.name for path in files] == ["a-ct.nii.gz", "grey.png", "placeless.npy", "index.csv"]
    volume: Any = nibabel.load(files[0])
    assert np.allclose(np.squeeze(volume.get_fdata()), hu[0].numpy().T)
    assert Picture.open(files[1]).size == (6, 5)
    assert np.array_equal(np.load(files[2]), hu[0].numpy())
    with files[3].open() as file:
        assert next(csv.DictReader(file)) == {"case": "a/ct", "file": "a-ct.nii.gz", "kind": "Image"}


def test_names_that_become_alike_are_told_apart(tmp_path: Path) -> None:
    rows = [sample(name, torch.zeros(1, 2, 2), "HU") for name in ("a/b", "a:b", "../../etc")]
    files = Predictions().write(rows, tmp_path)
    assert len({path.name for path in files}) == 4 and all(path.parent == tmp_path for path in files)


def test_other_predictions_are_json(tmp_path: Path) -> None:
    prediction = Boxes(torch.tensor([[0.0, 1.0, 2.0, 3.0]]), np.array([1]), ("x",))
    files = Predictions().write([(sample("a", torch.zeros(1, 2, 2), "HU")[0], prediction)], tmp_path)
    assert json.loads(files[0].read_text()) == {"boxes": [[0.0, 1.0, 2.0, 3.0]], "labels": [1], "note": ["x"]}
    with pytest.raises(DataError, match="JSON"):
        Predictions().write([(sample("b", torch.zeros(1, 2, 2), "HU")[0], object())], tmp_path)


def test_a_module_is_written_and_opened_again(tmp_path: Path) -> None:
    built: Any = predictor("ldct/edcnn", "restoration", filters=4)
    with torch.no_grad():
        for weight in built.module.parameters():
            weight.add_(0.01)
    use = Use("ldct/edcnn", {"filters": 4})
    batch = Batch.of([sample("a", torch.rand(1, 16, 16) * 100, "HU")[0]])
    path = Safetensors().write(Trained(use, "restoration", built, built.module, built.state_dict()), batch, tmp_path)
    assert path == tmp_path / "model.json"
    expected = built.predict(batch)[0].pixels
    for place in (path, tmp_path):
        (answer,) = Safetensors().open(place).predict(batch)
        assert torch.equal(answer.pixels, expected) and answer.unit == "HU"


class Tuned:
    """A learner that is no module."""

    use = Use("some/tuned", {})

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"h": 2.5, "table": np.arange(3), "nested": [{"w": torch.ones(2)}, None]}

    def predict(self, batch: Any) -> list[Any]:
        return []

    def state_dict(self) -> dict[str, Any]:
        return self.state

    def load_state_dict(self, state: Any) -> None:
        self.state = state


def test_another_learner_is_written_and_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(description, "predictor", lambda name, task, /, **parameters: Tuned())
    batch = Batch.of([sample("a", torch.rand(1, 8, 8), "HU")[0]])
    tuned = Tuned()
    trained = Trained(Use("some/tuned", {}), "restoration", tuned, None, tuned.state_dict())
    opened: Any = Safetensors().open(Safetensors().write(trained, batch, tmp_path))
    assert isinstance(opened, Tuned) and opened.state["h"] == 2.5 and opened.state["nested"][1] is None
    assert np.array_equal(opened.state["table"], np.arange(3)) and torch.equal(opened.state["nested"][0]["w"], torch.ones(2))


def fitted() -> Any:
    """A classifier of scikit-learn that has seen ten rows."""
    model: Any = predictor("standard/sklearn-classifier", "classification", estimator="GaussianNB")
    rows = [Sample(Case(f"c{n}", f"g{n}"), Row(torch.tensor([float(n), n % 3]), ("a", "b")), Label(int(n > 4))) for n in range(10)]
    feed: Any = SimpleNamespace(samples=lambda: iter(rows))
    list(model.fit(feed, None, SimpleNamespace(seed=0)))
    return model


def test_an_estimator_is_written_as_skops_and_opened_again(tmp_path: Path) -> None:
    model = fitted()
    batch = Batch.of([Sample(Case("new", "h"), Row(torch.tensor([7.0, 1.0]), ("a", "b")))])
    trained = Trained(Use("standard/sklearn-classifier", {"estimator": "GaussianNB"}), "classification", model, None, model.state_dict())
    path = Skops().write(trained, batch, tmp_path)
    assert [item.name for item in sorted(tmp_path.iterdir())] == ["model.json", "model.skops"]
    pipeline = skops.io.load(tmp_path / "model.skops", trusted=skops.io.get_untrusted_types(file=tmp_path / "model.skops"))
    (answer,) = Skops().open(path).predict(batch)
    assert answer.probabilities.tolist() == pytest.approx(pipeline.predict_proba([[7.0, 1.0]])[0].tolist(), abs=1e-6)
    assert answer.probabilities[1] > 0.9


def test_a_skops_file_with_other_types_is_not_loaded(tmp_path: Path) -> None:
    model = fitted()
    use = Use("standard/sklearn-classifier", {"estimator": "GaussianNB"})
    batch = Batch.of([sample("a", torch.rand(1, 8, 8), "HU")[0]])
    path = Skops().write(Trained(use, "classification", model, None, model.state_dict()), batch, tmp_path)
    skops.io.dump(Case("a", "g"), tmp_path / "model.skops")
    with pytest.raises(DataError, match="types that are not taken"):
        Skops().open(path)
    (tmp_path / "model.skops").write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read"):
        Skops().open(path)
    tuned = Tuned()
    with pytest.raises(UsageError, match="no estimator of scikit-learn"):
        Skops().write(Trained(Use("some/tuned", {}), "restoration", tuned, None, tuned.state), batch, tmp_path)


def test_what_cannot_be_written_or_opened_says_why(tmp_path: Path) -> None:
    batch = Batch.of([sample("a", torch.rand(1, 8, 8), "HU")[0]])
    tuned = Tuned()
    with pytest.raises(PluginError, match="JSON"):
        Safetensors().write(Trained(Use("some/tuned", {"odd": object()}), "restoration", tuned, None, tuned.state), batch, tmp_path)
    with pytest.raises(DataError, match="not a model"):
        Safetensors().open(tmp_path)
