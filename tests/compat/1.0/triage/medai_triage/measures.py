"""How far levels are off."""

from collections.abc import Mapping, Sequence

from medai.tasks import Sample
from medai_triage.task import Urgency


class OffBy:
    better = "lower"

    def case(self, prediction: Urgency, sample: Sample) -> float:
        return abs(prediction.score - sample.reference.value)

    def total(self, parts: Sequence[float]) -> Mapping[str, float]:
        return {"off-by": sum(parts) / len(parts) if parts else float("nan")}
