"""The methods, ready to run. This module is light."""

from __future__ import annotations

from medai.api import Protocol, Recipe, Slot, Split, Train, use

_DATA = {
    "images": Slot(
        folder=use("example-thirdparty/contours"),
        embedded=use("medai/cached", source=use("example-thirdparty/drawn")),
    )
}
_PROTOCOL = Protocol(
    split=Split(valid=0.15, test=0.25),
    metrics=(use("medai/dice"), use("example-thirdparty/boundary-f1")),
    options={"classes": ("air", "tissue")},
)
_SOURCE = "the README of medai-example-thirdparty 0.1.0"

BOUNDARY = Recipe(
    name="boundary",
    task="segmentation",
    summary="the outline of tissue by a small network at full resolution",
    model=use("example-thirdparty/boundary-net"),
    data=_DATA,
    protocol=_PROTOCOL,
    loss=use("example-thirdparty/edge-weighted"),
    train=Train(
        batch=8,
        steps=200,
        optimizers={"all": use("Adam", lr=5e-3)},
        validate_every=100,
        views=(use("example-thirdparty/gamma"),),
    ),
    baselines=(use("example-thirdparty/otsu"),),
    scales={"quick": {"train": {"batch": 4, "steps": 60, "validate_every": 30}}},
    source=_SOURCE,
    license="MIT",
)

OTSU = Recipe(
    name="otsu",
    task="segmentation",
    summary="the outline of tissue by Otsu's threshold",
    model=use("example-thirdparty/otsu"),
    data=_DATA,
    protocol=_PROTOCOL,
    source="Otsu 1979, doi:10.1109/TSMC.1979.4310076",
    license="MIT",
)

RECIPES = (BOUNDARY, OTSU)
