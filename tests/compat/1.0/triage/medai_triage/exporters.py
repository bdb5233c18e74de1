"""A list of notes to read, and the weights of the words."""

import json
from collections.abc import Iterable
from pathlib import Path

import torch

import medai.api
from medai.io import read_text, write_csv, write_json
from medai.tasks import Batch, Sample, Trained
from medai_triage.models import Bag
from medai_triage.task import WORDS, Urgency


class WorkList:
    def __init__(self, least: float = 0.0) -> None:
        self.least = least

    def write(self, rows: Iterable[tuple[Sample, Urgency]], folder: Path) -> list[Path]:
        told = sorted(((answer.score, sample.case.id) for sample, answer in rows if answer.score >= self.least), reverse=True)
        path = folder / "work.csv"
        write_csv(path, ["case", "score"], [{"case": id, "score": score} for score, id in told])
        return [path]


class BagFile:
    def write(self, model: Trained, batch: Batch, folder: Path) -> Path:
        assert isinstance(model.module, Bag) and len(model.predictor.predict(batch)) == len(batch.cases)
        path = folder / "bag.json"
        write_json(path, {"task": model.task, "words": dict(zip(WORDS, model.module.weight.tolist(), strict=True))})
        return path

    def open(self, path: Path) -> "Opened":
        record = json.loads(read_text(path))
        return Opened(record["task"], torch.tensor([record["words"][word] for word in WORDS]))


class Opened:
    limits = ("words that it does not know count nothing",)

    def __init__(self, task: str, weight: torch.Tensor) -> None:
        self.task, self.weight = medai.api.task(task), weight

    def predict(self, batch: Batch) -> list[Urgency]:
        (counts,) = self.task.arguments(batch)
        return self.task.from_tensors(self.task.tensors(counts.cpu() @ self.weight), batch)
