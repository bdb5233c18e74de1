"""What this plugin offers."""

from medai.api import DatasetSpec, LossSpec, ModelSpec, Protocol, Recipe, Slot, Split, Train, hookimpl, run_of, use

_SPLIT = Split(valid=0.2, test=0.25)
_TRAIN = Train(batch=8, steps=3000, optimizers={"all": use("Adam", lr=1e-3)}, validate_every=100)
_QUICK = {"train.steps": 80, "train.optimizers.all.lr": 1e-2, "train.validate_every": 20, "train.save_every": 10}


@hookimpl
def medai_datasets():
    return (
        DatasetSpec(
            name="figures", target="medai_stages.data:Figures", summary="a disc or a square somewhere, generated", inputs=("image",)
        ),
        DatasetSpec(name="folder", target="medai_stages.data:FigureFolder", summary="images and figures.csv", inputs=("image",)),
        DatasetSpec(name="crops", target="medai_stages.data:Crops", summary="what a detector found", inputs=("image",)),
    )


@hookimpl
def medai_models():
    return (
        ModelSpec(name="finder", target="medai_stages.model:Finder", task="detection", summary="one box by its centre"),
        ModelSpec(name="judge", target="medai_stages.model:Judge", task="classification", summary="disc or square"),
    )


@hookimpl
def medai_losses():
    return (
        LossSpec(
            name="entropy",
            target="torch.nn:CrossEntropyLoss",
            task="classification",
            summary="torch's cross-entropy",
            known_failures={"component.parameters-typed": "torch leaves size_average and reduce without a type"},
        ),
    )


def _data(answer: str) -> dict[str, Slot]:
    return {"images": Slot(folder=use("stages/folder", answer=answer), embedded=use("stages/figures", answer=answer))}


@hookimpl
def medai_recipes():
    return (
        Recipe(
            name="detect",
            task="detection",
            summary="finds the figure",
            model=use("stages/finder"),
            data=_data("box"),
            train=_TRAIN,
            protocol=Protocol(split=_SPLIT),
            scales={"quick": _QUICK},
        ),
        Recipe(
            name="classify",
            task="classification",
            summary="names the figure that the detector found",
            model=use("stages/judge"),
            loss=use("stages/entropy"),
            data=_data("kind"),
            views=(use("stages/crops", detector=run_of("detect")),),
            upstream={"detect": "stages/detect"},
            train=_TRAIN,
            protocol=Protocol(split=_SPLIT, options={"classes": ["disc", "square"]}),
            scales={"quick": _QUICK},
        ),
    )
