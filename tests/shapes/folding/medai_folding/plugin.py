"""What this plugin offers."""

from medai.api import DatasetSpec, ModelSpec, Protocol, Recipe, Slot, Split, Train, hookimpl, use


@hookimpl
def medai_datasets():
    return (
        DatasetSpec(name="hairpins", target="medai_folding.data:Hairpins", task="base-pairing", summary="hairpins, generated"),
        DatasetSpec(name="dbn", target="medai_folding.data:DbnFolder", task="base-pairing", summary="a folder per family of .dbn files"),
    )


@hookimpl
def medai_models():
    return (
        ModelSpec(
            name="log-linear", target="medai_folding.model:LogLinear", task="base-pairing", summary="pairs, stacks and loops weighed"
        ),
    )


@hookimpl
def medai_recipes():
    return (
        Recipe(
            name="fold",
            task="base-pairing",
            summary="maximum likelihood by L-BFGS",
            model=use("folding/log-linear"),
            data={"strands": Slot(folder=use("folding/dbn"), embedded=use("folding/hairpins"))},
            train=Train(steps=50, validate_every=5),
            protocol=Protocol(split=Split(valid=0.2, test=0.25)),
            scales={"quick": {"train.steps": 6, "train.validate_every": 2, "train.save_every": 1}},
        ),
    )
