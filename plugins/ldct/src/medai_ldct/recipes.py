"""The study's methods, ready to run. This module is light.

The training of all of them is the study's section 3.2: Adam at 1e-5, batch 8, 200 epochs, patches of 64 x 64, from scratch. It cuts each
slice into its 64 patches; here as many are drawn at random anew in each epoch. `quick` and `small` have an optimiser and rate of
their own, because at 1e-5 a network is worse than its input for hundreds of steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from medai.api import Protocol, Recipe, Slot, Split, Train, Use, use

_STUDY = "Zhao et al., AI Medicine 1(1), 2024, 7, doi:10.53941/aim.2024.100007"
_WINDOW = (-160.0, 240.0)
_PATCH = 64


def _simulated(source: Use) -> Use:
    """Pairs from a source of normal-dose slices; the dose belongs to the data, so that prediction simulates nothing."""
    return use("medai/cached", source=use("ldct/simulated", source=source))


_DRAWN = use("ldct/phantom", subjects=60, slices=1, size=176)
"""Many subjects and a small slice of each: twelve to test on tell ten methods apart, at the cost of six slices of 256 x 256."""

DATA = {"ct": Slot(folder=_simulated(use("ldct/ct")), embedded=_simulated(_DRAWN))}

AAPM = Slot(folder=use("ldct/aapm-mayo-2016"), embedded=DATA["ct"].embedded)
"""The 2016 challenge's data; for want of them, drawn subjects."""


def _piglet(percent: int) -> Slot:
    """The animal's scan at one dose; for want of it, one drawn subject, its low doses from one count of photons."""
    drawn = use("ldct/phantom", subjects=1, slices=40, seed=1, noise=14.0, name="piglet")
    simulated = use("ldct/simulated", source=drawn, dose=percent / 100)
    return Slot(folder=use("ldct/piglet", dose=percent), embedded=use("medai/cached", source=simulated))


PIGLET = _piglet(25)
"""The dose that networks are trained at: the paper does not state its own."""
PIGLET_DOSES = {f"piglet:{percent}": _piglet(percent) for percent in (50, 25, 10, 5)}

PROTOCOL = Protocol(
    # The AAPM data publish eight patients for training and L333 and L506 for the test; one of the eight is left for validation.
    split=Split(valid=0.1, test=0.2),
    metrics=(
        *(use(f"medai/{name}", window=_WINDOW) for name in ("psnr", "ssim", "rmse")),
        *(use("ldct/roi-average", figure=name, window=_WINDOW) for name in ("psnr", "ssim", "rmse")),
    ),
    options={"window": _WINDOW, "unit": "HU"},
)

PROTOCOLS = {
    # The paper has no validation set, and "the best on validation" all the same: it can only have been the test set.
    "paper": {"split": {"valid": "test"}},
    "honest": {},
}

BASELINES = (use("standard/input"), use("standard/non-local-means", window=_WINDOW), use("standard/wavelets", window=_WINDOW))
"""What learns nothing, tuned on the training patients."""


def _patches(per_case: int, size: int = _PATCH) -> tuple[Use, ...]:
    return (use("ldct/patches", size=size, per_case=per_case),)


def _short(
    steps: int, rate: float | Mapping[str, Use], *, per_case: int, validate_every: int, batch: int = 8, size: int = _PATCH
) -> Mapping[str, object]:  # fmt: skip
    """A shorter training, by the one-cycle schedule: Adam at one rate, or the optimisers given."""
    return {
        "train": {
            "batch": batch,
            "steps": steps,
            "epochs": None,
            "optimizers": rate if isinstance(rate, Mapping) else {"all": use("Adam", lr=rate)},
            # Its largest rate is the optimiser's, and its length the run's; a rise of exactly one step would be a division by zero.
            "schedule": use("OneCycleLR", pct_start=0.095),
            "validate_every": validate_every,
            "views": _patches(per_case, size),
        }
    }


_QUICK = {"batch": 4, "size": 48}
"""Little in a step and many steps: in a minute on one core that gets further than the paper's batch and patch."""

PAPER_TRAINING = Train(batch=8, epochs=200, optimizers={"all": use("Adam", lr=1e-5)}, views=_patches(64))


def _method(
    name: str,
    summary: str,
    *,
    quick: Mapping[str, object],
    small: Mapping[str, object],
    loss: str = "ldct/mse-loss",
    train: Train = PAPER_TRAINING,
) -> Recipe:
    """A network of the study: all are trained and measured alike."""
    return Recipe(
        name=name,
        task="restoration",
        model=use(f"ldct/{name}"),
        data=DATA,
        protocol=PROTOCOL,
        protocols=PROTOCOLS,
        summary=summary,
        loss=use(loss),
        train=train,
        baselines=BASELINES,
        scales={"quick": quick, "small": small},
        implements=(name,),
        source=_STUDY,
        license="Apache-2.0",
    )


def _untrained(name: str, model: Use, summary: str) -> Recipe:
    """What learns nothing, or is tuned in a few tries."""
    return Recipe(
        name=name,
        task="restoration",
        model=model,
        data=DATA,
        protocol=PROTOCOL,
        protocols=PROTOCOLS,
        summary=summary,
        implements=(name,),
        source=_STUDY,
        license="Apache-2.0",
    )


REDCNN = _method(
    "redcnn",
    "RED-CNN on low-dose CT, MSE",
    # A third of the filters: with all of them a step takes some eight times as long. At twice the rate some seeds stay at the input.
    quick={"model": {"filters": 32}, **_short(1300, 1e-3, per_case=8, validate_every=650, **_QUICK)},
    small=_short(2000, 5e-4, per_case=32, validate_every=250),
)

EDCNN = _method(
    "edcnn",
    "EDCNN on low-dose CT, MSE and the features of ResNet-50",
    loss="ldct/compound-loss",
    # Without features: they take most of a step's time, and weights that are not on every machine.
    quick={"loss": {"perceptual": 0.0}, **_short(1300, 4e-3, per_case=8, validate_every=650, **_QUICK)},
    small=_short(2000, 2e-3, per_case=32, validate_every=250),
)

QAE = _method(
    "qae",
    "quadratic autoencoder on low-dose CT, MSE",
    # Its squares make steep slopes: without a limit to them one seed in three diverged on real slices.
    quick={**_short(700, 1e-3, per_case=8, validate_every=350, **_QUICK), "train.clip": 1.0},
    small={**_short(2000, 1e-3, per_case=32, validate_every=250), "train.clip": 1.0},
)

OCTNET = _method(
    "octnet",
    "OCTNet on low-dose CT, MSE",
    quick={"model": {"filters": 32}, **_short(1300, 1e-3, per_case=8, validate_every=650, **_QUICK)},
    small=_short(2000, 5e-4, per_case=32, validate_every=250),
)

UNET = _method(
    "unet",
    "residual U-Net on low-dose CT, MSE",
    # A quarter of the filters: a sixteenth of the work.
    quick={"model": {"filters": 16}, **_short(1300, 1e-3, per_case=8, validate_every=650, **_QUICK)},
    small=_short(2000, 3e-4, per_case=32, validate_every=250),
)

_IN_TURNS = {"critic": use("Adam", lr=1e-4, betas=[0.5, 0.9]), "generator": use("Adam", lr=1e-6, betas=[0.5, 0.9])}
"""The generator begins as the identity and is as sensitive as its eight layers together: at 1e-4 a step moves slices by hundreds of HU."""

WGAN_VGG = _method(
    "wgan-vgg",
    "WGAN-VGG on low-dose CT, a Wasserstein critic and the features of VGG-19",
    loss="ldct/wasserstein-adversarial",
    # The critic whose parameters the study counts is made for patches of 80 x 80; the study says 64 x 64 of all methods.
    train=replace(PAPER_TRAINING, views=_patches(64, 80)),
    # Without features, which alone say what a slice shows, it learns how noise looks, and stays about as far from the reference as its
    # input.
    quick={
        "model": {"patch": 32},
        "loss": {"perceptual": 0.0},
        **_short(500, _IN_TURNS, per_case=8, validate_every=100, batch=4, size=32),
    },
    small=_short(5000, _IN_TURNS, per_case=32, validate_every=500, size=80),
)

CTFORMER = _method(
    "ctformer",
    "CTformer on low-dose CT, MSE",
    # Its windows are of one size, and a tenfold rate throws it off.
    quick=_short(100, 1e-4, per_case=8, validate_every=50, batch=4),
    small=_short(2000, 1e-4, per_case=32, validate_every=250),
)

LDCT_INPUT_ROW = _untrained("ldct-input-row", use("standard/input"), "the low-dose slice as it is: the study's rows called LDCT")
NON_LOCAL_MEANS = _untrained(
    "non-local-means", use("standard/non-local-means", window=_WINDOW), "non-local means, tuned on the training patients"
)
WAVELETS = _untrained("wavelets", use("standard/wavelets", window=_WINDOW), "wavelet shrinkage, tuned on the training patients")
BM3D = _untrained(
    "bm3d",
    use("standard/bm3d", window=_WINDOW),
    "BM3D, tuned on the training patients; needs medai-standard[bm3d], whose licence is for non-commercial use alone",
)

RECIPES = (REDCNN, EDCNN, QAE, OCTNET, UNET, WGAN_VGG, CTFORMER, LDCT_INPUT_ROW, NON_LOCAL_MEANS, WAVELETS, BM3D)
