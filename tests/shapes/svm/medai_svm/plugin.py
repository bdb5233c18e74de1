"""What this plugin offers."""

from medai.api import DatasetSpec, ModelSpec, Protocol, Recipe, Slot, Split, Train, hookimpl, use


@hookimpl
def medai_datasets():
    return (
        DatasetSpec(name="rings", target="medai_svm.data:Rings", task="classification", summary="two rings, generated", inputs=("row",)),
        DatasetSpec(name="csv", target="medai_svm.data:Table", task="classification", summary="table.csv with labels", inputs=("row",)),
    )


@hookimpl
def medai_models():
    return (
        ModelSpec(
            name="svc",
            target="medai_svm.model:Svc",
            task="classification",
            summary="scikit-learn's SVC, the best of several costs",
            inputs=("row",),
            license="BSD-3-Clause",
        ),
    )


@hookimpl
def medai_recipes():
    return (
        Recipe(
            name="classify",
            task="classification",
            summary="a support vector machine on a table",
            model=use("svm/svc", costs=[0.001, 0.1, 1.0, 10.0, 100.0]),
            data={"table": Slot(folder=use("svm/csv"), embedded=use("svm/rings"))},
            train=Train(epochs=1, validate_every=1),
            protocol=Protocol(split=Split(valid=0.2, test=0.25), options={"classes": ["inner", "outer"]}),
            scales={"quick": {}},
        ),
    )
