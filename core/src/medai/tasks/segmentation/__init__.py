"""What each pixel of an image, or each voxel of a volume, belongs to."""

from medai.tasks.segmentation.overlap import Dice, Iou
from medai.tasks.segmentation.surfaces import SurfaceDistance
from medai.tasks.segmentation.task import Segmentation
from medai.tasks.segmentation.types import Mask

__all__ = ["Dice", "Iou", "Mask", "Segmentation", "SurfaceDistance"]
