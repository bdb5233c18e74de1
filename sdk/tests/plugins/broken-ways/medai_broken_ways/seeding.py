"""Seeds when it is imported."""

import torch

from medai_broken_ways.losses import Mse

torch.manual_seed(1)


class SeedsAtImport(Mse):
    """Does nothing else."""
