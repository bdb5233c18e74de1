"""The losses that the study compares (section 4.4, Tables 4 and 5), each between prediction and reference (B, C, H, W), images of 0..1.

Nothing in them knows whether the reference is clean or annotated anew: which of the two the data give decides between Noise2Clean and
Noise2Noise (eq. 1 and 2). The study gives neither parameters nor weights. With the usual ones, Huber and Smooth L1 are one function, and
differences of images of 0..1 never leave its squared part: both are then half of L2. Sums are plain, each part logged by its name.
"""

from __future__ import annotations

from medai.api import build
from medai.tasks import Loss


def l1() -> Loss:
    """The mean absolute difference."""
    return _standard("l1")


def huber(delta: float = 1.0) -> Loss:
    """Huber's loss: half the square below `delta`, above it `delta` times the difference less `delta` / 2.

    Args:
        delta: the difference from which on it is absolute.
    """
    return _standard("huber", delta=delta)


def smooth_l1(beta: float = 1.0) -> Loss:
    """Smooth L1: the square over 2 `beta` below `beta`, above it the difference less `beta` / 2.

    Args:
        beta: the difference from which on it is absolute.
    """
    return _standard("smooth-l1", beta=beta)


def l2() -> Loss:
    """The mean squared difference."""
    return _standard("mse")


def l1_plus_l2() -> Loss:
    """L1 and L2."""
    return _sum(l1(), l2())


def huber_plus_l2(delta: float = 1.0) -> Loss:
    """Huber's loss and L2.

    Args:
        delta: the difference from which on it is absolute.
    """
    return _sum(huber(delta), l2())


def smooth_l1_plus_l2(beta: float = 1.0) -> Loss:
    """Smooth L1 and L2.

    Args:
        beta: the difference from which on it is absolute.
    """
    return _sum(smooth_l1(beta), l2())


def all_loss_sum(delta: float = 1.0, beta: float = 1.0) -> Loss:
    """L1, Huber's loss, Smooth L1 and L2; that these four are meant by "all" the study does not say.

    Args:
        delta: the difference from which on Huber's is absolute.
        beta: the difference from which on Smooth L1 is absolute.
    """
    return _sum(l1(), huber(delta), smooth_l1(beta), l2())


def _standard(name: str, **parameters: float) -> Loss:
    loss: Loss = build(f"standard/{name}", **parameters)
    return loss


def _sum(*losses: Loss) -> Loss:
    found: Loss = build("standard/sum", losses=losses)
    return found
