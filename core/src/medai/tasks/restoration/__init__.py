"""An image as it would be without what spoiled it: noise, marks, too few measurements."""

from medai.tasks.restoration.metrics import Psnr, Rmse, Ssim
from medai.tasks.restoration.task import Restoration

__all__ = ["Psnr", "Restoration", "Rmse", "Ssim"]
