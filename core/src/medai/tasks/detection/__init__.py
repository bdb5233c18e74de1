"""Where in an image the lesions are, and of what class."""

from medai.tasks.detection.metrics import AveragePrecision
from medai.tasks.detection.task import Detection
from medai.tasks.detection.types import Boxes

__all__ = ["AveragePrecision", "Boxes", "Detection"]
