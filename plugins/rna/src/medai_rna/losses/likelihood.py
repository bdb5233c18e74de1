"""What expectation maximisation makes as small as can be."""

from __future__ import annotations

from torch import Tensor


class EmLikelihood:
    """The expected negative log likelihood of complete derivations, per use of a parameter.

    In each round of expectation maximisation the E-step finds how often each parameter is used, on average over all derivations by their
    probabilities, and the M-step makes this smallest: -(sum of uses times log parameters) / (sum of uses) (Dempster, Laird and Rubin
    1977; for grammars Lari and Young 1990, Sakakibara et al. 1994). Takes the logarithms of the parameters and their uses, of one shape.
    """

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        return -(target * output).sum() / target.sum().clamp_min(1.0)
