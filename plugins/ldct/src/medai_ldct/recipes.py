"""The study's methods, ready to run. This module is light.

The training of all of them is the study's section 3.2: Adam at 1e-5, batch 8, 200 epochs, patches of 64 x 64, from scratch. It cuts each
slice into its 64 patches; here as many are drawn at random anew in each epoch. `quick` and `small` have an optimiser and rate of
their own, because at 1e-5 a network is worse than its input for hundreds of steps.
"""

from __future__ import annotations

from collections.abc import Mapping

from medai.api import Protocol, Recipe, Slot, Split, Train, Use, use

_STUDY = "Zhao et al., AI Medicine 1(1), 2024, 7, doi:10.53941/aim.2024.100007"
_WINDOW = (-160.0, 240.0)
_PATCH = 64


def _simulated(source: Use) -> Use:
    """Pairs from a source of normal-dose slices; the dose belongs to the data, so that prediction simulates nothing."""
    return use("medai/cached", source=use("ldct/simulated", source=source))


DATA = {"ct": Slot(folder=_simulated(use("ldct/ct")), embedded=_simulated(use("ldct/phantom")))}

PROTOCOL = Protocol(
    split=Split(valid=0.15, test=0.25),
    metrics=(use("medai/psnr", window=_WINDOW), use("medai/ssim", window=_WINDOW), use("medai/rmse", window=_WINDOW)),
    options={"window": _WINDOW, "unit": "HU"},
)

BASELINES = (use("standard/input"), use("standard/non-local-means", window=_WINDOW))


def _patches(per_case: int, size: int = _PATCH) -> tuple[Use, ...]:
    return (use("ldct/patches", size=size, per_case=per_case),)


def _short(
    steps: int, rate: float, *, per_case: int, validate_every: int, batch: int = 8, size: int = _PATCH
) -> Mapping[str, object]:  # fmt: skip
    """A shorter training: Adam by the one-cycle schedule."""
    return {
        "train": {
            "batch": batch,
            "steps": steps,
            "epochs": None,
            "optimizers": {"all": use("Adam", lr=rate)},
            # Its largest rate is the optimiser's, and its length the run's; a rise of exactly one step would be a division by zero.
            "schedule": use("OneCycleLR", pct_start=0.095),
            "validate_every": validate_every,
            "views": _patches(per_case, size),
        }
    }


_QUICK = {"batch": 4, "size": 48}
"""Little in a step and many steps: in a minute on one core that gets further than the paper's batch and patch."""

PAPER_TRAINING = Train(batch=8, epochs=200, optimizers={"all": use("Adam", lr=1e-5)}, views=_patches(64))

REDCNN = Recipe(
    name="redcnn",
    task="restoration",
    model=use("ldct/redcnn"),
    data=DATA,
    protocol=PROTOCOL,
    summary="RED-CNN on low-dose CT, MSE",
    loss=use("standard/mse"),
    train=PAPER_TRAINING,
    baselines=BASELINES,
    scales={
        # A third of the filters: with all of them a step takes some eight times as long. At twice the rate some seeds stay at the input.
        "quick": {"model": {"filters": 32}, **_short(1300, 1e-3, per_case=8, validate_every=650, **_QUICK)},
        "small": _short(2000, 5e-4, per_case=32, validate_every=250),
    },
    implements=("redcnn",),
    source=_STUDY,
    license="Apache-2.0",
)

EDCNN = Recipe(
    name="edcnn",
    task="restoration",
    model=use("ldct/edcnn"),
    data=DATA,
    protocol=PROTOCOL,
    # Not among the catalogue's rows that are answered until its compound loss (MSE and multi-scale perceptual) is here.
    summary="EDCNN on low-dose CT; trained on MSE alone, without the perceptual part of its paper's loss, at every scale",
    loss=use("standard/mse"),
    train=PAPER_TRAINING,
    baselines=BASELINES,
    scales={
        "quick": _short(1300, 4e-3, per_case=8, validate_every=650, **_QUICK),
        "small": _short(2000, 2e-3, per_case=32, validate_every=250),
    },
    source=_STUDY,
    license="Apache-2.0",
)

RECIPES = (REDCNN, EDCNN)
