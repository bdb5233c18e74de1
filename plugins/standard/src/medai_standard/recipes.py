"""Recipes of standard parts alone, one per task, for a user who brings data and wants something sensible. This module is light."""

from __future__ import annotations

from collections.abc import Mapping

from medai.api import Protocol, Recipe, Slot, Split, Train, Use, use

_LICENSE = "Apache-2.0"
_ONCE = Train(epochs=1, validate_every=1)
"""For estimators that are fitted in one go."""

CLASSIFY_TABLE = Recipe(
    name="classify-table",
    task="classification",
    summary="which class a row of a table is of: a random forest beside logistic regression and a guess",
    model=use("standard/sklearn-classifier", estimator="RandomForestClassifier"),
    data={"table": Slot(folder=use("standard/table"), embedded=use("standard/bundled-table", name="breast-cancer"))},
    train=_ONCE,
    protocol=Protocol(
        split=Split(valid=0.15, test=0.25),
        metrics=(
            use("medai/auc"),
            use("medai/accuracy"),
        ),
    ),
    baselines=(
        use("standard/sklearn-classifier", estimator="LogisticRegression", grid={"C": [0.01, 0.1, 1.0, 10.0]}),
        use("standard/sklearn-classifier", estimator="DummyClassifier"),
    ),
    scales={"quick": {}},
    license=_LICENSE,
)

REGRESS_TABLE = Recipe(
    name="regress-table",
    task="regression",
    summary="a value for each row of a table: a random forest beside ridge regression and the mean",
    model=use("standard/sklearn-regressor", estimator="RandomForestRegressor"),
    data={"table": Slot(folder=use("standard/table-of-values"), embedded=use("standard/bundled-table", name="diabetes"))},
    train=_ONCE,
    protocol=Protocol(split=Split(valid=0.15, test=0.25)),
    baselines=(
        use("standard/sklearn-regressor", estimator="Ridge", grid={"alpha": [0.1, 1.0, 10.0, 100.0]}),
        use("standard/sklearn-regressor", estimator="DummyRegressor"),
    ),
    scales={"quick": {}},
    license=_LICENSE,
)

CLUSTER_TABLE = Recipe(
    name="cluster-table",
    task="clustering",
    summary="rows of a table in groups that are found without their classes: k-means beside Ward's and a Gaussian mixture",
    model=use("standard/sklearn-clusterer", estimator="KMeans", options={"n_clusters": 2, "n_init": 10}),
    data={"table": Slot(folder=use("standard/table"), embedded=use("standard/bundled-table", name="breast-cancer"))},
    train=_ONCE,
    protocol=Protocol(split=Split(valid=0.0, test=0.25)),
    baselines=(
        use("standard/sklearn-clusterer", estimator="AgglomerativeClustering", options={"n_clusters": 2}),
        use("standard/sklearn-clusterer", estimator="GaussianMixture", options={"n_components": 2}),
    ),
    scales={"quick": {}},
    license=_LICENSE,
)

_SIZE = 256
"""Height and width at which the networks of images look; what they answer lies on the image's own grid."""
_SPLIT = Split(valid=0.15, test=0.2)
_GREY = (use("standard/channels"),)


def _images(folder: str, reference: str, *, size: int = 96, patients: int = 64) -> Mapping[str, Slot]:
    """A user's folder, or drawn pictures; cached, because drawing one anew in each epoch would take its time."""
    scenes = use("standard/scenes", reference=reference, patients=patients, size=size)
    return {"images": Slot(folder=use(folder), embedded=use("medai/cached", source=scenes))}


def _seen(size: int, *, turned: bool = True) -> tuple[Use, ...]:
    """What training sees: parts of images, in one size, mirrored, turned, brighter and darker."""
    turns = (use("standard/rotations"),) if turned else ()
    return (use("standard/crops"), use("standard/letterbox", size=size), use("standard/flips"), *turns, use("standard/intensity"))


def _whole(size: int) -> tuple[Use, ...]:
    """The same without parts and turns, which would change what is measured in an image."""
    return (use("standard/letterbox", size=size), use("standard/flips"), use("standard/intensity"))


def _training(views: tuple[Use, ...], *, batch: int = 16, epochs: int = 100, rate: float = 1e-3) -> Train:
    """AdamW by the one-cycle schedule, in half precision where the card has it."""
    # Not a tenth: of ten steps, a rise of exactly one would be a division by zero.
    return Train(
        batch=batch,
        epochs=epochs,
        optimizers={"all": use("AdamW", lr=rate, weight_decay=0.1)},
        schedule=use("OneCycleLR", pct_start=0.095),
        clip=5.0,
        precision="auto",
        patience=epochs // 3,
        views=views,
    )


def _short(steps: int, views: tuple[Use, ...], *, batch: int = 8, model: Mapping[str, object]) -> Mapping[str, object]:
    """A shorter training, of a smaller model or on smaller images."""
    train = {"batch": batch, "steps": steps, "epochs": None, "validate_every": steps // 2, "patience": None, "views": views}
    return {"train": train, "model": model}


def _at(size: int) -> Mapping[str, object]:
    return {"size": (size, size)}


CLASSIFY = Recipe(
    name="classify",
    task="classification",
    summary="which class an image is of: timm's resnet18 from scratch",
    model=use("standard/timm", architecture="resnet18", size=(_SIZE, _SIZE)),
    data=_images("standard/labelled-images", "label"),
    views=_GREY,
    loss=use("standard/cross-entropy"),
    train=_training(_seen(_SIZE)),
    protocol=Protocol(split=_SPLIT, metrics=(use("medai/auc"), use("medai/accuracy"))),
    scales={"quick": _short(200, _seen(96), model=_at(96)), "small": _short(1000, _seen(128), model=_at(128))},
    source="He et al. 2016, doi:10.1109/CVPR.2016.90",
    license=_LICENSE,
)

REGRESS = Recipe(
    name="regress",
    task="regression",
    summary="numbers for an image: timm's resnet18 from scratch",
    model=use("standard/standardised-values", network=use("standard/timm", architecture="resnet18", size=(_SIZE, _SIZE))),
    data=_images("standard/measured-images", "value", patients=256),
    views=_GREY,
    loss=use("standard/smooth-l1"),
    train=_training(_whole(_SIZE)),
    protocol=Protocol(split=_SPLIT),
    scales={
        "quick": _short(300, _whole(96), model={"network": _at(96)}),
        "small": _short(1000, _whole(128), model={"network": _at(128)}),
    },
    source="He et al. 2016, doi:10.1109/CVPR.2016.90",
    license=_LICENSE,
)

SEGMENT = Recipe(
    name="segment",
    task="segmentation",
    summary="structures in an image, pixel by pixel: segmentation-models-pytorch's U-Net with resnet18, from scratch",
    model=use("standard/segmentation-models-pytorch", architecture="Unet", encoder="resnet18", size=(_SIZE, _SIZE)),
    data=_images("standard/masked-images", "mask"),
    views=_GREY,
    # Cross-entropy for each pixel, Dice for structures that are small beside their background.
    loss=use("standard/sum", losses=(use("standard/cross-entropy"), use("standard/dice"))),
    train=_training(_seen(_SIZE)),
    protocol=Protocol(split=_SPLIT),
    scales={"quick": _short(120, _seen(96), model=_at(96)), "small": _short(800, _seen(128), model=_at(128))},
    source="Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28",
    license=_LICENSE,
)

DETECT = Recipe(
    name="detect",
    task="detection",
    summary="boxes around lesions: torchvision's FCOS on ResNet-18, from scratch",
    model=use(
        "standard/torchvision-detection",
        architecture="fcos_resnet50_fpn",
        backbone="resnet18",
        size=(_SIZE, _SIZE),
        # Average precision looks at doubtful boxes too.
        options={"score_thresh": 0.01},
    ),
    data=_images("standard/coco", "boxes", size=128),
    views=_GREY,
    train=_training(_seen(_SIZE, turned=False)),
    protocol=Protocol(split=_SPLIT),
    scales={
        "quick": _short(120, _seen(128, turned=False), batch=4, model=_at(128)),
        "small": _short(1000, _seen(192, turned=False), batch=4, model=_at(192)),
    },
    source="Tian et al. 2019, doi:10.1109/ICCV.2019.00972",
    license=_LICENSE,
)


def _parts(size: int) -> tuple[Use, ...]:
    """Patches at the images' own resolution, where the noise is."""
    return (use("standard/patches", size=size), use("standard/flips", vertical=0.5))


def _decoder(*channels: int) -> Mapping[str, object]:
    return {"decoder_channels": list(channels)}


DENOISE = Recipe(
    name="denoise",
    task="restoration",
    summary="images without their noise: a U-Net that learns what to take away",
    model=use("standard/image-to-image", architecture="Unet", encoder="resnet18", encoder_depth=3, options=_decoder(128, 64, 32)),
    data=_images("standard/image-pairs", "image"),
    views=_GREY,
    loss=use("standard/l1"),
    train=_training(_parts(128)),
    protocol=Protocol(split=_SPLIT),
    baselines=(use("standard/input"),),
    scales={
        "quick": _short(200, _parts(64), model={"options": _decoder(64, 32, 16)}),
        "small": _short(1000, _parts(96), model={"options": _decoder(64, 32, 16)}),
    },
    source="Zhang et al. 2017, doi:10.1109/TIP.2017.2662206, for learning the noise",
    license=_LICENSE,
)

RECIPES = (CLASSIFY, REGRESS, SEGMENT, DETECT, DENOISE, CLASSIFY_TABLE, REGRESS_TABLE, CLUSTER_TABLE)
