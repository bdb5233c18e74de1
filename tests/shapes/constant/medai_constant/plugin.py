"""What this plugin offers."""

from medai.api import DatasetSpec, ModelSpec, Protocol, Recipe, Slot, Split, hookimpl, use


@hookimpl
def medai_datasets():
    return (
        DatasetSpec(name="ramps", target="medai_constant.data:Ramps", task="restoration", summary="noisy ramps, generated"),
        DatasetSpec(name="stack", target="medai_constant.data:Stack", task="restoration", summary="one file with all pictures"),
    )


@hookimpl
def medai_models():
    return (ModelSpec(name="smooth", target="medai_constant.model:Smooth", task="restoration", summary="a Gaussian blur"),)


@hookimpl
def medai_recipes():
    return (
        Recipe(
            name="smooth",
            task="restoration",
            summary="nothing to learn",
            model=use("constant/smooth", sigma=2.0),
            data={"pictures": Slot(folder=use("constant/stack"), embedded=use("constant/ramps"))},
            protocol=Protocol(split=Split(test=0.5), options={"window": [0.0, 1.0]}),
            baselines=(use("constant/smooth", sigma=0.0),),
            scales={"quick": {}},
        ),
    )
