"""Operating points: parameters of metrics that are chosen on the validation part, such as the threshold of a mask.

A run keeps them in its `summary.json`, beside the figures that were measured with them, for whoever measures the same model again.
"""

from __future__ import annotations

from typing import Any

from medai._engine.blame import blamed
from medai._engine.evaluate import Settled, build_metrics, evaluate, uses_of_predictions
from medai._engine.feed import CaseFeed
from medai._results.folder import RunFolder, read_json
from medai.api import Protocol
from medai.tasks import Metric, Predictor, Task


def settle(
    predictor: Predictor[Any], valid: CaseFeed | None, task: Task[Any, Any, Any], protocol: Protocol
) -> tuple[Settled, list[Metric[Any]]]:
    """What each metric of the protocol chooses from the predictor's answers to the validation cases, in the order of the metrics, and
    the metrics built with it; nothing, and the metrics as they are, where none chooses or there is no validation part.

    Raises:
        PluginError: a metric chooses what its constructor does not take.
    """
    metrics = build_metrics(protocol, task)
    if valid is None or not any(hasattr(metric, "settled") for metric in metrics):
        return (), metrics
    parts = evaluate(predictor, valid, task, metrics, with_intervals=False).parts
    settled = []
    for use, metric, found in zip(uses_of_predictions(protocol, task), metrics, parts, strict=True):
        with blamed(f"metric {use.id}"):
            settled.append({"metric": use.id, "parameters": dict(metric.settled(found)) if hasattr(metric, "settled") else {}})
    return settled, build_metrics(protocol, task, settled)


def settled_by(folder: RunFolder) -> Settled:
    """What the metrics of a finished run chose for its model."""
    held: Settled = read_json(folder.summary, "the run has no summary.json").get("settled", {}).get("model", ())
    return held


def parameters_settled(settled: Settled) -> dict[str, Any]:
    """All that was chosen, by the parameters' names."""
    return {name: value for item in settled for name, value in item["parameters"].items()}


def told(settled: Settled) -> list[str]:
    """A line for each metric that chose."""
    return [
        f"{item['metric']}: {', '.join(f'{name} = {_short(value)}' for name, value in item['parameters'].items())}"
        for item in settled
        if item["parameters"]
    ]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
