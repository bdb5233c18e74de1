"""Run folders written by hand, with figures that are known."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medai._results.bootstrap import intervals
from medai._results.folder import RunFolder
from medai._results.resamples import Resamples, groups_hash, write_resamples

Total = Callable[[Sequence[float]], float]


def mean(parts: Sequence[float]) -> float:
    return float(np.mean(parts))


def highest(parts: Sequence[float]) -> float:
    """A figure that is not the mean of the cases' own."""
    return float(np.sort(parts)[-3:].mean())


def write_run(
    root: Path,
    cases: Sequence[float],
    *,
    groups: Sequence[str] | None = None,
    seed: int = 0,
    total: Total = mean,
    figure: str = "psnr",
    better: str = "higher",
    baselines: Mapping[str, Sequence[float]] | None = None,
    names: Sequence[str] | None = None,
    recipe: str = "toys/net",
    scale: str = "paper",
    width: int = 1,
    protocol: str = "aaaa",
    fingerprint: str = "f00d",
    status: str = "finished",
    resamples: bool = True,
    **record: Any,
) -> RunFolder:
    """A run in which each case has the figure that `cases` gives; by default each is a group of its own."""
    folder = RunFolder(root)
    root.mkdir(parents=True)
    groups = groups or [f"g{number:02}" for number in range(len(cases))]
    names = names or [f"c{number:02}" for number in range(len(cases))]
    predictors = {"model": cases, **(baselines or {})}
    figures, kept = {}, []
    for name, values in predictors.items():
        interval = intervals(lambda parts: {figure: total(parts)}, list(values), list(groups))[figure]
        value = total(values)
        figures[name] = {
            figure: {
                "value": value if np.isfinite(value) else None,
                "low": interval.low,
                "high": interval.high,
                "interval": interval.said,
                "better": better,
            }
        }
        if interval.draws is not None:
            kept.append(Resamples(name, groups_hash(groups), {figure: interval.draws}))
    if kept and resamples:
        write_resamples(folder.resamples, kept)
    with folder.cases.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["predictor", "case", "group", "part", "status", "reason", "prediction", figure])
        for name, values in predictors.items():
            for case, group, value in zip(names, groups, values, strict=True):
                rows.writerow([name, case, group, "test", "ok", "", "", value])
        rows.writerow(["", "bad", "", "test", "quarantined", "is spoilt", "", ""])
    own = [{"path": "model.width", "recipe": 1, "run": width}] if width != 1 else []
    said = {
        "format": 1,
        "recipe": recipe,
        "scale": scale,
        "status": status,
        "seed": seed,
        "options": {"upstream": {}},
        "configuration": {
            "model": {"use": recipe, "width": width},
            "data": {"ct": {"roles": ["train", "test"], "folder": {"root": str(root)}}},
        },
        "data": {"ct": {"fingerprint": fingerprint}},
        "departures": [*own, *([{"path": "train.steps", "recipe": 9, "run": 3}] if scale != "paper" else [])],
        "origins": {"model.width": "command line", "train.steps": f"scale {scale}"},
        "upstream": {},
        "software": {"medai": "0.1.0"},
        **record,
    }
    folder.record.write_text(json.dumps(said), encoding="utf-8")
    summary = {
        "protocol_hash": protocol,
        "one_subject": len(set(groups)) == 1,
        "figures": figures["model"],
        "baselines": {name: found for name, found in figures.items() if name != "model"},
    }
    folder.summary.write_text(json.dumps(summary), encoding="utf-8")
    return folder


def write_experiment(root: Path, runs: Mapping[int, str]) -> None:
    """The record of an experiment whose seeds have these statuses."""
    seeds = [{"seed": seed, "folder": f"seed-{seed}", "status": status, "reason": None} for seed, status in runs.items()]
    (root / "experiment.json").write_text(json.dumps({"format": 1, "seeds": seeds}), encoding="utf-8")
