"""Models that fail on the data of their recipes, or wherever they are tried."""

from medai.api import DatasetSpec, ModelSpec, Protocol, Recipe, Slot, Split, Train, hookimpl, use

NAMES = ("refuses-the-recipe", "fails-everywhere", "part-of-another", "breaks-in-its-step")


@hookimpl
def medai_models():
    return [
        ModelSpec(
            name=name,
            target=f"medai_told.parts:{''.join(word.capitalize() for word in name.split('-'))}",
            summary=name,
            task="segmentation",
            inputs=("image",),
        )
        for name in (*NAMES, "whole")
    ]


@hookimpl
def medai_datasets():
    return [DatasetSpec(name="dark", target="medai_told.parts:Dark", summary="dark", task="segmentation", inputs=("image",))]


@hookimpl
def medai_recipes():
    models = {
        "learn-refused": use("told/refuses-the-recipe"),
        "learn-failing": use("told/fails-everywhere"),
        "learn-whole": use("told/whole", part=use("told/part-of-another")),
    }
    return [
        Recipe(
            name=name,
            task="segmentation",
            summary=name,
            model=model,
            data={"images": Slot(folder=use("told/dark"), embedded=use("told/dark"))},
            train=Train(steps=1),
            protocol=Protocol(split=Split(valid=0.2, test=0.25)),
        )
        for name, model in models.items()
    ]
