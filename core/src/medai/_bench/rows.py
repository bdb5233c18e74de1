"""The rows of a bench: each model on each device at each size of batch; one that fails leaves the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from medai._bench.asking import Call, forwarding, module_of, predicting
from medai._bench.counting import Parameters, Work, parameters_of, work_of
from medai._bench.memory import Order, can_be_told, peak_on_cpu
from medai._bench.prepare import Precision, batch_of, compile_module, prepared, way_on
from medai._bench.row import VARIANTS, Row
from medai._bench.sizes import Size, written
from medai._bench.subjects import Subject
from medai._bench.timing import synchronize, timed
from medai._engine.listener import Listener
from medai._engine.models import learns
from medai._memory import ran_out_of_memory
from medai.errors import MedaiError, MemoryFault, PluginError, UsageError
from medai.tasks import Predictor


@dataclass(frozen=True)
class Settings:
    """How everything is measured; `no_plugins` and `files` are what the command line discovers."""

    devices: tuple[torch.device, ...]
    batches: tuple[int, ...] = (1,)
    size: Size | None = None
    scale: str | None = None
    assignments: tuple[str, ...] = ()
    precision: Precision = "float32"
    channels_last: bool = False
    compile: bool = False
    repeats: int | None = None
    no_plugins: bool = False
    files: tuple[str, ...] = ()


def rows(subjects: Sequence[Subject], settings: Settings, listener: Listener) -> Iterator[Row]:
    """Each row when it is measured."""
    wanted = [(subject, device, batch) for subject in subjects for device in settings.devices for batch in settings.batches]
    counted: dict[str, tuple[Parameters, Work]] = {}
    for place, (subject, device, batch) in enumerate(wanted, start=1):
        row = Row(subject, device, batch, way_on(device, settings.precision, channels_last=settings.channels_last))
        listener.stage(f"{place}/{len(wanted)}  {row.words}")
        try:
            _measure(row, settings, counted, listener)
        except MedaiError as error:
            row.error = _with_size(error, settings.size)
        except (MemoryError, RuntimeError) as error:
            if not ran_out_of_memory(error):
                raise
            row.error = MemoryFault(f"too little memory: {error}")
        if device.type == "cuda":
            torch.cuda.empty_cache()
        yield row


def _measure(row: Row, settings: Settings, counted: dict[str, tuple[Parameters, Work]], listener: Listener) -> None:
    predictor = prepared(row.subject, row.device, row.way)
    try:
        _ask(predictor, row, settings, counted, listener)
    except (PluginError, UsageError) as error:
        if module_of(predictor) is None and learns(predictor) and row.subject.run is None:
            raise UsageError(f"{error}: what must learn before it answers is measured as a finished run, medai bench RUN") from error
        raise


def _ask(
    predictor: Predictor[Any], row: Row, settings: Settings, counted: dict[str, tuple[Parameters, Work]], listener: Listener
) -> None:  # fmt: skip
    subject, device, way = row.subject, row.device, row.way
    if device.type == "cpu" and can_be_told():
        row.peak = peak_on_cpu(_order(row, settings))
    if subject.name not in counted and (module := module_of(predictor)) is not None:
        # Before anything was asked: a module may keep what it has made of its parameters.
        work = work_of(predicting(predictor, batch_of(subject, 1, way), device, bf16=way.bf16), module)
        counted[subject.name] = (parameters_of(module), work)
    row.parameters, row.work = counted.get(subject.name, (None, None))
    calls = _calls("", predictor, row)
    if device.type == "cuda":
        row.peak = _peak_on_cuda(calls["", "predict"], device)
    if settings.compile:
        # What is compiled for every other row counts towards a limit, beyond which torch compiles nothing and says nothing.
        torch.compiler.reset()
    for variant in _variants(settings, device):
        calls |= _compiled(variant, row, listener)
    row.times = timed(calls, device, repeats=settings.repeats)


def _calls(variant: str, predictor: Predictor[Any], row: Row) -> dict[tuple[str, str], Call]:
    """The calls of a predictor, each made once."""
    batch, bf16 = batch_of(row.subject, row.batch, row.way), row.way.bf16
    predict = predicting(predictor, batch, row.device, bf16=bf16)
    predict()
    forward = forwarding(predictor, row.subject.task, batch, row.device, bf16=bf16)
    return {(variant, "predict"): predict, **({} if forward is None else {(variant, "forward"): forward})}


def _variants(settings: Settings, device: torch.device) -> tuple[str, ...]:
    """Of the compiled ones: CUDA graphs are CUDA's alone."""
    return VARIANTS[1 : 3 if device.type == "cuda" else 2] if settings.compile else ()


def _compiled(variant: str, row: Row, listener: Listener) -> Mapping[tuple[str, str], Call]:
    """The calls of the same model compiled; none where that fails, which is said."""
    try:
        predictor = prepared(row.subject, row.device, row.way)
        compile_module(predictor, graphs=variant == "graphs")
        return _calls(variant, predictor, row)
    except (MedaiError, MemoryError, RuntimeError) as error:
        row.failures[variant] = str(error).strip().splitlines()[0]
        listener.warn(f"{row.words}: not {variant}: {row.failures[variant]}")
        return {}


def _peak_on_cuda(call: Callable[[], object], device: torch.device) -> int:
    synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    synchronize(device)
    return int(torch.cuda.max_memory_allocated(device))


def _order(row: Row, settings: Settings) -> Order:
    named = {name: getattr(settings, name) for name in ("scale", "assignments", "size", "no_plugins", "files")}
    return Order(name=row.subject.name, batch=row.batch, threads=torch.get_num_threads(), way=row.way, **named)


def _with_size(error: MedaiError, size: Size | None) -> MedaiError:
    """A model that fails on an input of a size that was asked for: the size is named."""
    return UsageError(f"--size {written(size)}: {error}") if size is not None and isinstance(error, PluginError) else error
