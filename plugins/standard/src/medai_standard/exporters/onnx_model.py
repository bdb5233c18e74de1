"""A model as one ONNX file that needs nothing of medai to run."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from medai.errors import DataError, EnvironmentFault, PluginError, UsageError
from medai.tasks import Batch, Trained
from medai_standard.exporters.graph import Axes, Graph, Run, Tensors, quiet
from medai_standard.exporters.graph_predictor import GraphPredictor, axis_name

_FILE, _DATA = "model.onnx", "model.onnx.data"
_PREFIX, _FORMAT = "medai.", "1"
_LARGEST = 2**31 - 2**20
"""Bytes that a file of ONNX holds by itself; larger weights go into one file beside it."""


class Onnx:
    """`model.onnx`: values in the input's own unit in, the task's final answer out, the normalisation and all that follows inside.

    | task | output | |
    |---|---|---|
    | restoration | `image` | float32, as the input |
    | classification | `probabilities` | float32 (B, n) |
    | segmentation | `labels` | int64 (B, H, W) or (B, D, H, W) |
    | regression | `values` | float32 (B, k) |
    | detection | `boxes`, `labels`, `scores` | float32 (N, 4), int64 (N,), float32 (N,), of one image, overlaps removed |
    | base pairing | `logits` | float32 (B, L, L) |

    The input is `input` (`input_1`, ... where there are several). Batch and spatial sizes are left open where the graph, run at other
    sizes, answers as the module does; what is fixed stands in the file's shapes. Metadata (`medai.task`, `medai.unit`, `medai.recipe`,
    `medai.license` and others) say what it is, `medai.classes` the names of the classes as a list in JSON, in the order of their
    indices. Weights beyond 2 GiB go into `model.onnx.data`.

    Args:
        opset: version of ONNX's operators, 18 or later.
        weights: how they are stored; `float16` halves the file and rounds each weight to 11 bits, the arithmetic stays float32.
    """

    def __init__(self, opset: int = 18, weights: Literal["float32", "float16"] = "float32") -> None:
        self.opset, self.weights = opset, weights

    def write(self, model: Trained, batch: Batch[Any, Any], folder: Path) -> Path:
        """Write the file, checked by ONNX's own checker; return it.

        Raises:
            UsageError: the model is no torch module, or there is no such opset.
            PluginError: an operation of the module has no counterpart in ONNX.
            EnvironmentFault: a package of the extra `onnx` is missing, or the disk is full.
        """
        onnx, *_ = [_package(name) for name in ("onnx", "onnxscript", "onnxruntime")]
        newest = onnx.defs.onnx_opset_version()
        if not 18 <= self.opset <= newest:
            raise UsageError(f"opset {self.opset}: the installed onnx knows 18 to {newest}")
        graph = Graph.of(model, batch)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".onnx-") as place:
            path = Path(place) / _FILE
            self._trace(graph, path, model.use.id)
            if self.weights == "float16":
                _halve(path)
            _describe(path, {**model.about, "task": model.task, "model": model.use.id, "unit": graph.unit, "format": _FORMAT})
            if (data := path.with_name(_DATA)).exists():
                data.replace(folder / _DATA)
            return path.replace(folder / _FILE)

    def open(self, path: Path) -> OnnxPredictor:
        """The written model on the CPU, by onnxruntime; `path` is the file or its folder.

        Raises:
            DataError: the file is not there, is damaged, or was not written by this exporter.
            EnvironmentFault: onnxruntime is missing.
        """
        return OnnxPredictor(path / _FILE if path.is_dir() else path)

    def _trace(self, graph: Graph, path: Path, name: str) -> None:
        """Trace by torch's exporter, else by its older one, which knows other operations: the removal of overlapping boxes."""
        try:
            graph.fitted(*(functools.partial(trace, graph, path) for trace in (self._by_export, self._by_tracing)))
        except PluginError as error:
            raise PluginError(f"{name} cannot be written as ONNX: {error}") from error

    def _by_export(self, graph: Graph, path: Path, axes: Axes) -> tuple[None, Run, Axes]:
        program = graph.exported(axes)
        with quiet():
            written: Any = torch.onnx.export(program, dynamo=True, verbose=False, **self._names(graph))
        size = sum(value.numel() * value.element_size() for value in graph.whole.state_dict().values())
        written.save(path, external_data=size > _LARGEST)
        return None, _runner(path), self._opened(path, axes)

    def _by_tracing(self, graph: Graph, path: Path, axes: Axes) -> tuple[None, Run, Axes]:
        names = self._names(graph)
        opened = {
            name: {axis: axis_name(axis, value.ndim) for axis in found}
            for name, value, found in zip(names["input_names"], graph.example, axes, strict=True)
        }
        with torch.no_grad(), quiet():
            torch.onnx.export(graph.whole, graph.given(axes), path, dynamo=False, **names, dynamic_axes=opened | _ragged(graph))
        return None, _runner(path), self._opened(path, axes)

    def _opened(self, path: Path, axes: Axes) -> Axes:
        """Those of the axes that the exporter did leave open."""
        held = _package("onnx").load(path, load_external_data=False)
        (written,) = (item.version for item in held.opset_import if not item.domain)
        if written != self.opset:
            raise PluginError(f"torch writes opset {written} where {self.opset} was asked for")
        shapes = [item.type.tensor_type.shape.dim for item in held.graph.input]
        return tuple(tuple(axis for axis in found if shape[axis].dim_param) for found, shape in zip(axes, shapes, strict=True))

    def _names(self, graph: Graph) -> dict[str, Any]:
        return {"input_names": _input_names(len(graph.example)), "output_names": list(graph.outputs), "opset_version": self.opset}


class OnnxPredictor(GraphPredictor):
    """An ONNX file as a predictor, by onnxruntime on the CPU."""

    def __init__(self, path: Path) -> None:
        held, self.meta = _held(path)
        self._path, outputs = path, [item.name for item in held.output]
        shapes = [[None if size.dim_param else size.dim_value for size in item.type.tensor_type.shape.dim] for item in held.input]
        super().__init__(self.meta["task"], outputs, _runner(path), shapes)

    def to(self, device: torch.device) -> OnnxPredictor:
        """The predictor on a CUDA device, or on the CPU.

        Raises:
            EnvironmentFault: onnxruntime has no provider for the device.
        """
        if device.type != "cpu" and (
            device.type != "cuda" or "CUDAExecutionProvider" not in _package("onnxruntime").get_available_providers()
        ):
            raise EnvironmentFault(f"the installed onnxruntime cannot run on {device}: use the CPU, or install onnxruntime-gpu")
        self._run = _runner(self._path, device)
        return self


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise EnvironmentFault(f"ONNX needs the package {name}: pip install 'medai-standard[onnx]'") from error


def _runner(path: Path, device: torch.device = torch.device("cpu")) -> Any:  # noqa: B008  never changed
    """The file as a function of tensors.

    Raises:
        DataError: onnxruntime does not take it.
    """
    runtime = _package("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = torch.get_num_threads()
    providers: list[Any] = [("CUDAExecutionProvider", {"device_id": device.index or 0})] if device.type == "cuda" else []
    try:
        session = runtime.InferenceSession(str(path), options, providers=[*providers, "CPUExecutionProvider"])
    except Exception as error:  # classes of a C++ library, one per kind of damage
        raise DataError(f"onnxruntime does not take it: {error}", path) from error
    names = [item.name for item in session.get_inputs()]

    def run(given: Tensors) -> list[torch.Tensor]:
        found = session.run(None, {name: value.numpy() for name, value in zip(names, given, strict=True)})
        return [torch.from_numpy(value) for value in found]

    return run


def _held(path: Path) -> tuple[Any, Mapping[str, str]]:
    """The graph of a file, and what the file says of itself.

    Raises:
        DataError: it is no file of this exporter.
    """
    onnx = _package("onnx")
    try:
        held = onnx.load(path, load_external_data=False)
        found = {item.key.removeprefix(_PREFIX): item.value for item in held.metadata_props if item.key.startswith(_PREFIX)}
    except Exception as error:  # protobuf's errors are of no common class
        raise DataError(f"no ONNX file: {error}", path) from error
    if found.get("format") != _FORMAT or "task" not in found:
        raise DataError("an ONNX file, but not one of medai: it does not say which task it answers", path)
    return held.graph, found


def _describe(path: Path, about: Mapping[str, str]) -> None:
    """Name the open axes, say what the file is, and have it checked."""
    onnx = _package("onnx")
    held = onnx.load(path, load_external_data=False)
    names = dict(_open_names(held))
    for value in (*held.graph.input, *held.graph.output, *held.graph.value_info):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param in names:
                dimension.dim_param = names[dimension.dim_param]
    onnx.helper.set_model_props(held, {f"{_PREFIX}{key}": value for key, value in about.items() if value})
    onnx.save(held, path)
    onnx.checker.check_model(str(path))


def _halve(path: Path) -> None:
    """Store the weights in half precision, cast back where the graph begins."""
    onnx = _package("onnx")
    held = onnx.load(path)
    casts = []
    for weight in held.graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT:
            name, values = weight.name, onnx.numpy_helper.to_array(weight)
            with np.errstate(over="ignore"):  # what half precision cannot hold shows at the gate
                weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_float16"))
            casts.append(onnx.helper.make_node("Cast", [weight.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *held.graph.node]
    del held.graph.node[:]
    held.graph.node.extend(nodes)
    onnx.save(held, path)


def _open_names(held: Any) -> Iterator[tuple[str, str]]:
    """What the tracer calls an open axis of the first input, and what it is called in the file."""
    shape = held.graph.input[0].type.tensor_type.shape.dim
    for axis, dimension in enumerate(shape):
        if dimension.dim_param:
            yield dimension.dim_param, axis_name(axis, len(shape))


def _input_names(count: int) -> list[str]:
    return ["input"] if count == 1 else [f"input_{number}" for number in range(1, count + 1)]


def _ragged(graph: Graph) -> dict[str, dict[int, str]]:
    """Open axes of the outputs, for the older exporter: the first, and those as long as an open one of the input."""
    with torch.no_grad():
        answers = graph.whole(*graph.example)
    sizes = {value.shape[axis] for value, axes in zip(graph.example, graph.axes, strict=True) for axis in axes}
    return {
        name: {axis: f"{name}_{axis}" for axis, size in enumerate(answer.shape) if axis == 0 or size in sizes}
        for name, answer in zip(graph.outputs, answers, strict=True)
    }
