"""A model as a file of `torch.export`: torch runs it without the code of the model."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from medai.errors import DataError, EnvironmentFault, PluginError
from medai.io import replacing
from medai.tasks import Batch, Trained
from medai_standard.exporters.graph import Axes, Graph, Run, Tensors, quiet, short
from medai_standard.exporters.graph_predictor import GraphPredictor

_FILE, _ABOUT, _FORMAT = "model.pt2", "medai.json", 1
_ENTRIES = re.compile(
    r"(data/(weights/weight_\d+|constants/tensor_\d+|(weights|constants)/\w+_config\.json|sample_inputs/\w+\.pt)"
    r"|models/\w+\.json|extra/medai\.json|archive_format|archive_version|byteorder|\.?data/(version|serialization_id)|version)"
)


class TorchExport:
    """`model.pt2`: values in the input's own unit in, the task's final answer out, as tensors in the order of `Task.tensors`.

    `torch.export.load(path).module()(pixels)` runs it in any program that has torch. Batch and spatial sizes are left open where the
    graph, run at other sizes, answers as the module does.

    The file holds no pickle: weights are raw bytes, the graph and all else JSON; `open` refuses a file that holds anything more. Even so
    torch evaluates expressions of sizes that stand in the graph, so it is to be opened only if its maker is trusted, as a program is.
    For files that travel, `standard/onnx` and `standard/safetensors` need no such trust.

    Detectors, whose number of answers depends on the image, torch does not take; `standard/onnx` does. What the file says of itself
    stands in its `extra/medai.json`, the names of the classes too where the run knows them.
    """

    def write(self, model: Trained, batch: Batch[Any, Any], folder: Path) -> Path:
        """Write the file; return it.

        Raises:
            UsageError: the model is no torch module.
            PluginError: torch cannot trace the module.
            EnvironmentFault: this torch writes pickles into the file, or the disk is full.
        """
        graph = Graph.of(model, batch)
        try:
            program = graph.fitted(lambda axes: _traced(graph, axes))
        except PluginError as error:
            found = "what it does depends on what it finds" if "DataDependent" in str(error) else str(error)
            raise PluginError(f"{model.use.id} cannot be exported by torch.export ({found}): try standard/onnx") from error
        # Examples would be written as a pickle.
        program.example_inputs = None
        described = {**model.about, "task": model.task, "model": model.use.id, "unit": graph.unit}
        about = json.dumps({"format": _FORMAT, "outputs": graph.outputs, "about": described})
        with replacing(folder / _FILE) as temporary:
            with quiet():
                torch.export.save(program, temporary, extra_files={_ABOUT: about})
            if fault := _fault(temporary):
                raise EnvironmentFault(f"torch {torch.__version__} writes a .pt2 file that is not taken ({fault}): update torch")
        return folder / _FILE

    def open(self, path: Path) -> ProgramPredictor:
        """The written model on the CPU; `path` is the file or its folder.

        Raises:
            DataError: the file is not there, is damaged, holds a pickle, or was not written by this exporter.
        """
        path = path / _FILE if path.is_dir() else path
        try:
            if fault := _fault(path):
                raise DataError(fault, path)
            with zipfile.ZipFile(path) as archive:
                (name,) = (name for name in archive.namelist() if name.endswith(f"/extra/{_ABOUT}"))
                described = json.loads(archive.read(name))
            if described["format"] != _FORMAT:
                raise DataError(f"of format {described['format']}, this version reads {_FORMAT}", path)
            with quiet():
                program = torch.export.load(path)
            return ProgramPredictor(program, described)
        except DataError:
            raise
        except Exception as error:  # zip, JSON and torch each have their own
            raise DataError(f"no model as this exporter writes it: {short(error)}", path) from error


class ProgramPredictor(GraphPredictor):
    """An exported program as a predictor."""

    def __init__(self, program: Any, described: Mapping[str, Any]) -> None:
        self._module, self._device, self.about = program.module(), torch.device("cpu"), described["about"]
        super().__init__(self.about["task"], described["outputs"], self._call, _shapes(program))

    def to(self, device: torch.device) -> ProgramPredictor:
        """The predictor with its weights on `device`; constants of the graph stay where they were traced."""
        self._module.to(device)
        self._device = device
        return self

    def _call(self, given: Tensors) -> Sequence[torch.Tensor]:
        answers: Sequence[torch.Tensor] = self._module(*(value.to(self._device) for value in given))
        return answers


def _traced(graph: Graph, axes: Axes) -> tuple[Any, Run, Axes]:
    program = graph.exported(axes)
    opened = tuple(tuple(axis for axis in found if shape[axis] is None) for found, shape in zip(axes, _shapes(program), strict=True))
    module = program.module()
    return program, lambda given: module(*given), opened


def _shapes(program: Any) -> list[list[int | None]]:
    """Shapes of what a program is given; None where it is open."""
    given = [node.meta["val"].shape for node in program.graph.nodes if node.name in program.graph_signature.user_inputs]
    return [[None if isinstance(size, torch.SymInt) else size for size in shape] for shape in given]


def _fault(path: Path) -> str:
    """Why a .pt2 file is not taken; nothing if it holds weights as raw bytes, and JSON, alone."""
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        names = [entry.filename.partition("/")[2] for entry in entries]
        if len(set(names)) < len(names) or len({entry.filename.partition("/")[0] for entry in entries}) != 1:
            return "its entries are not those of one archive"
        for entry, name in zip(entries, names, strict=True):
            if not _ENTRIES.fullmatch(name) or (name.endswith(".pt") and entry.file_size):
                return f"it holds {name}, which may be a pickle"
            if name.endswith("_config.json") and not _is_raw(json.loads(archive.read(entry))):
                return "its weights are pickled"
    return ""


def _is_raw(config: Mapping[str, Any]) -> bool:
    return all(item["use_pickle"] is False for item in config["config"].values())
