"""What this plugin offers."""

from medai.api import DatasetSpec, ModelSpec, Protocol, Recipe, Slot, Split, Train, hookimpl, use

_QUICK = {"train.steps": 60, "train.batch": 4, "train.optimizers.all.lr": 3e-3, "train.validate_every": 20, "train.save_every": 6}


@hookimpl
def medai_datasets():
    return (
        DatasetSpec(name="squares", target="medai_fcos.data:Squares", task="detection", summary="bright and dark squares, generated"),
        DatasetSpec(name="coco", target="medai_fcos.data:CocoFolder", task="detection", summary="images and a COCO annotation file"),
    )


@hookimpl
def medai_models():
    return (
        ModelSpec(
            name="fcos",
            target="medai_fcos.model:Fcos",
            task="detection",
            summary="torchvision's FCOS on a tiny backbone",
            license="BSD-3-Clause",
            source="Tian et al. 2019, doi:10.1109/ICCV.2019.00972",
        ),
    )


@hookimpl
def medai_recipes():
    return (
        Recipe(
            name="detect",
            task="detection",
            summary="a detector with its loss inside",
            model=use("fcos/fcos", classes=2),
            data={"images": Slot(folder=use("fcos/coco"), embedded=use("fcos/squares"))},
            train=Train(batch=8, steps=5000, optimizers={"all": use("AdamW", lr=1e-3)}, clip=10.0, validate_every=250),
            protocol=Protocol(split=Split(valid=0.2, test=0.25), options={"classes": ["bright", "dark"]}),
            scales={"quick": _QUICK},
        ),
    )
