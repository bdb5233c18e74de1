"""Graphs: what ONNX and torch.export files answer, at sizes that were not traced, by themselves and through medai."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from medai.api import Use, task
from medai.errors import DataError, EnvironmentFault, PluginError, UsageError
from medai.inference import Fit
from medai.tasks import Batch, Boxes, Case, Image, Sample, Trained
from medai_standard.exporters import onnx_model
from medai_standard.exporters.alike import same, same_rows
from medai_standard.exporters.graph import Graph
from medai_standard.exporters.onnx_model import Onnx
from medai_standard.exporters.torch_export import TorchExport


class Denoiser(nn.Module):
    """HU in and out, standardised inside."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.net((hu + 200) / 500) * 500 - 200
        return found


class Sized(nn.Module):
    """A classifier that takes one size."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(16 * 16, 3))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.net(pixels)
        return found


class Framed(nn.Module):
    """A network that sees images in one size, and answers on their own pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        fit = Fit.of(pixels.shape[-2:], (24, 32))
        return fit.restore(self.net(fit.image(pixels)))


class Finder(nn.Module):
    """Every bright pixel is a box; as many as there are."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv2d(1, 1, 1)

    def forward(self, pixels: torch.Tensor) -> list[Boxes]:
        places = (pixels[0, 0] > 0.5).nonzero().float()
        boxes = torch.cat([places.flip(1), places.flip(1) + 1], 1)
        return [Boxes(boxes, boxes[:, 0].long() * 0, self.net(pixels)[0, 0][pixels[0, 0] > 0.5].sigmoid())]


class Choosy(Finder):
    """What it does next depends on how many boxes there are, as with detectors of libraries."""

    def forward(self, pixels: torch.Tensor) -> list[Boxes]:
        (found,) = super().forward(pixels)
        return [found] if found.boxes.numel() else []


class Unwritable(nn.Module):
    """An operation that graphs do not know: a matrix's eigenvalues."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels + self.weight * torch.linalg.eigvals(pixels).real[..., None]


def images(*shape: int, unit: str = "HU", seed: int = 0) -> Batch[Any, Any]:
    pixels = torch.rand((shape[0], 1, *shape[1:]), generator=torch.Generator().manual_seed(seed))
    samples = [Sample(Case(f"c{n}", "g"), Image(each * 600 - 300 if unit == "HU" else each, unit)) for n, each in enumerate(pixels)]
    return Batch.of(samples)


def trained(module: nn.Module, name: str = "restoration") -> Trained:
    torch.manual_seed(0)
    for weight in module.parameters():
        nn.init.normal_(weight, std=0.3)
    about = {
        "recipe": "some/recipe",
        "license": "Apache-2.0",
        "version": "0.1.0",
        "scale": "quick",
        "protocol": "0123",
        "classes": '["a", "b"]',
    }
    return Trained(Use("some/model", {}), name, module, module, {}, about)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def denoiser() -> Trained:
    return trained(Denoiser().eval())


@pytest.fixture(scope="module")
def written(denoiser: Trained, tmp_path_factory: pytest.TempPathFactory) -> Callable[[type[Any]], Path]:
    """The denoiser as a file of an exporter, written once."""
    files: dict[type[Any], Path] = {}

    def find(exporter: type[Any]) -> Path:
        if exporter not in files:
            files[exporter] = exporter().write(denoiser, images(1, 24, 20), tmp_path_factory.mktemp("graphs"))
        return files[exporter]

    return find


@pytest.mark.parametrize("exporter", [Onnx, TorchExport])
@pytest.mark.parametrize("shape", [(1, 24, 20), (1, 33, 47), (3, 17, 64)])
def test_a_graph_answers_as_the_module_at_any_size(
    exporter: type[Any], shape: tuple[int, ...], denoiser: Trained, written: Callable[[type[Any]], Path]
) -> None:
    batch = images(*shape, seed=1)
    assert denoiser.module is not None
    with torch.no_grad():
        expected = denoiser.module(batch.inputs.pixels)
    answers = exporter().open(written(exporter)).predict(batch)
    assert len(answers) == shape[0] and all(answer.unit == "HU" for answer in answers)
    found = torch.stack([answer.pixels for answer in answers])
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-4


@pytest.mark.parametrize("exporter", [Onnx, TorchExport])
def test_a_network_that_sees_one_size_takes_images_of_any(exporter: type[Any], tmp_path: Path) -> None:
    model = trained(Framed().eval())
    opened = exporter().open(exporter().write(model, images(1, 20, 30, unit="0..1"), tmp_path))
    assert opened.limits == () and model.module is not None
    for shape in ((1, 20, 30), (2, 61, 33), (1, 33, 61), (1, 9, 12), (3, 24, 32)):
        batch = images(*shape, unit="0..1", seed=2)
        found = torch.stack([answer.pixels for answer in opened.predict(batch)])
        torch.testing.assert_close(found, model.module(batch.inputs.pixels).detach(), rtol=0, atol=1e-5)


def test_an_onnx_file_stands_alone_and_says_what_it_is(denoiser: Trained, written: Callable[[type[Any]], Path]) -> None:
    path = written(Onnx)
    assert [item.name for item in path.parent.iterdir()] == ["model.onnx"]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,), (answer,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape) == ("input", ["batch", 1, "height", "width"]) and answer.name == "image"
    pixels = images(1, 40, 40).inputs.pixels
    assert denoiser.module is not None
    with torch.no_grad():
        assert np.allclose(session.run(None, {"input": pixels.numpy()})[0], denoiser.module(pixels), atol=0.05)
    held = onnx.load(path)
    about = {item.key: item.value for item in held.metadata_props}
    assert about.items() >= {
        "medai.task": "restoration", "medai.unit": "HU", "medai.recipe": "some/recipe", "medai.license": "Apache-2.0",
        "medai.classes": '["a", "b"]',
    }.items()  # fmt: skip
    assert [item.version for item in held.opset_import if not item.domain] == [18]


def test_what_a_module_fixes_is_fixed_in_the_file(tmp_path: Path) -> None:
    batch = images(1, 16, 16, unit="0..1")
    path = Onnx().write(trained(Sized().eval(), "classification"), batch, tmp_path)
    (given,) = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).get_inputs()
    assert given.shape == ["batch", 1, 16, 16]
    opened = Onnx().open(path)
    assert opened.limits == ("fixed in the file: height 16, width 16",)
    (answer,) = opened.predict(batch)
    assert float(answer.probabilities.sum()) == pytest.approx(1, abs=1e-5)
    with pytest.raises(PluginError, match=r"no answer to an input of \(1, 1, 17, 16\)"):
        opened.predict(images(1, 17, 16, unit="0..1"))


def test_boxes_of_any_number_come_of_one_image(tmp_path: Path) -> None:
    model = trained(Finder().eval(), "detection")
    opened = Onnx().open(Onnx().write(model, images(1, 12, 10, unit="0..1"), tmp_path))
    assert model.module is not None
    for seed, shape in enumerate([(1, 12, 10), (1, 9, 21)]):
        batch = images(*shape, unit="0..1", seed=seed)
        (answer,), (expected,) = opened.predict(batch), model.module(batch.inputs.pixels)
        assert len(expected.boxes) > 10 and torch.equal(answer.boxes, expected.boxes) and answer.labels.dtype == torch.int64
        assert torch.allclose(answer.scores, expected.scores.detach(), atol=1e-5)


def test_open_sizes_are_given_up_only_where_they_are_to_blame() -> None:
    graph = Graph.of(trained(Finder().eval(), "detection"), images(1, 12, 10, unit="0..1"))
    right, wrong = (lambda given: graph.whole(*given)), (lambda given: [value + 9 for value in graph.whole(*given)])
    assert graph.fitted(lambda axes: (axes, right, axes)) == ((2, 3),)
    assert graph.fitted(lambda axes: (axes, wrong if any(axes) else right, axes)) == ((),)
    assert graph.fitted(lambda axes: (axes, wrong, axes)) == ((2, 3),)


def test_rows_of_a_table_are_the_same_in_another_order() -> None:
    boxes, labels = torch.rand(40, 4, generator=torch.Generator().manual_seed(0)) * 200, torch.arange(40) % 3
    swapped = torch.arange(40).roll(7)
    assert same((boxes, labels), (boxes + 0.01, labels)) and not same((boxes, labels), (boxes[swapped], labels[swapped]))
    assert same_rows((boxes, labels), (boxes[swapped] + 0.1, labels[swapped])) and same_rows(*[(boxes[:0], labels[:0])] * 2)
    assert same_rows((boxes, labels), (boxes[1:], labels[1:]))  # one that was hardly removed, or hardly kept
    for others in ((boxes[3:], labels[3:]), (boxes + 0.5, labels), (boxes, labels.flip(0)), (boxes[:0], labels[:0])):
        assert not same_rows((boxes, labels), others)


def test_weights_may_be_stored_in_half_precision(denoiser: Trained, written: Callable[[type[Any]], Path], tmp_path: Path) -> None:
    path = Onnx(weights="float16").write(denoiser, images(1, 24, 20), tmp_path)
    held = onnx.load(path)
    assert onnx.TensorProto.FLOAT16 in {item.data_type for item in held.graph.initializer}
    batch = images(1, 24, 20)
    (answer,), (full,) = Onnx().open(path).predict(batch), Onnx().open(written(Onnx)).predict(batch)
    assert 1e-3 < float((answer.pixels - full.pixels).abs().max()) < 5


def test_what_cannot_be_a_graph_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    batch = images(1, 8, 8)
    with pytest.raises(PluginError, match=r"some/model cannot be written as ONNX: .*eig"):
        Onnx().write(trained(Unwritable()), batch, tmp_path)
    with pytest.raises(UsageError, match="no torch module"):
        Onnx().write(Trained(Use("some/svm", {}), "restoration", object(), None, {}), batch, tmp_path)  # type: ignore[arg-type]
    fitted = Trained(Use("some/svm", {}), "classification", object(), None, {"estimator": np.zeros(3, np.uint8)})  # type: ignore[arg-type]
    for exporter in (Onnx(), TorchExport()):
        with pytest.raises(UsageError, match=r"some/svm is no torch module: .*; use standard/skops"):
            exporter.write(fitted, batch, tmp_path)
    with pytest.raises(UsageError, match="opset 99"):
        Onnx(opset=99).write(trained(Denoiser()), batch, tmp_path)
    with pytest.raises(PluginError, match=r"some/model cannot .* \(what it does depends on what it finds\): try standard/onnx"):
        TorchExport().write(trained(Choosy(), "detection"), images(1, 8, 8, unit="0..1"), tmp_path)
    with pytest.raises(PluginError, match="gives no answer to a batch"):
        TorchExport().write(trained(Sized()), batch, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(onnx_model, "import_module", absent)
    with pytest.raises(EnvironmentFault, match=r"medai-standard\[onnx\]"):
        Onnx().write(trained(Denoiser()), images(1, 8, 8), tmp_path)


def test_other_files_are_refused(tmp_path: Path, written: Callable[[type[Any]], Path]) -> None:
    strange = tmp_path / "model.onnx"
    strange.write_bytes(b"no model")
    for exporter in (Onnx(), TorchExport()):
        for path in (strange, tmp_path / "absent.onnx"):
            with pytest.raises(DataError, match=r"model\.onnx|absent\.onnx"):
                exporter.open(path)
    foreign = onnx.load(written(Onnx))
    del foreign.metadata_props[:]
    onnx.save(foreign, strange)
    with pytest.raises(DataError, match="not one of medai"):
        Onnx().open(strange)


def test_a_program_holds_no_pickle_and_one_that_does_is_not_loaded(tmp_path: Path, written: Callable[[type[Any]], Path]) -> None:
    good = written(TorchExport)
    with zipfile.ZipFile(good) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert not [name for name, content in held.items() if name.endswith((".pt", ".pkl")) and content]
    root = next(iter(held)).split("/")[0]
    config = json.loads(held[f"{root}/data/weights/model_weights_config.json"])
    next(iter(config["config"].values()))["use_pickle"] = True
    for name, content in {
        f"{root}/data/sample_inputs/model.pt": b"\x80\x04.",
        f"{root}/data/aotinductor/model/code.so": b"\x7fELF",
        f"{root}/data/weights/model_weights_config.json": json.dumps(config).encode(),
    }.items():
        bad = tmp_path / "model.pt2"
        with zipfile.ZipFile(bad, "w") as archive:
            for each, value in (held | {name: content}).items():
                archive.writestr(each, value)
        with pytest.raises(DataError, match="pickle"):
            TorchExport().open(bad)


def test_a_module_is_left_as_it_was(denoiser: Trained) -> None:
    module = trained(Denoiser()).module
    assert module is not None and module.training
    graph = Graph.of(trained(module), images(1, 8, 8))
    assert module.training and not graph.whole.module.training
    assert all(weight.requires_grad for weight in module.parameters())
    assert graph.axes == ((0, 2, 3),) and graph.outputs == ("image",) and graph.unit == "HU"


def test_a_task_by_id_makes_predictions_of_tensors() -> None:
    built: Any = task("restoration")
    batch = images(2, 4, 4)
    given = {"image": batch.inputs.pixels}
    assert [answer.pixels.shape for answer in built.from_tensors(given, batch)] == [(1, 4, 4)] * 2
    with pytest.raises(UsageError, match="restoration"):
        task("restoratoin")
