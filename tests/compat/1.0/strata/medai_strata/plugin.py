"""What this plugin offers."""

from medai.api import DatasetSpec, ExporterSpec, ModelSpec, Protocol, Recipe, RunRef, Slot, Spec, Split, Train, hookimpl, use


def _inputs(spec: Spec) -> bool:
    return spec.inputs == ("row",)


@hookimpl
def medai_datasets():
    return (
        DatasetSpec(name="table", target="medai_strata.data:Table", summary="table.csv with a class or a number", inputs=("row",)),
        DatasetSpec(name="blobs", target="medai_strata.data:Blobs", summary="three heaps of points, generated", inputs=("row",)),
        DatasetSpec(
            name="placed", target="medai_strata.data:Placed", summary="rows with the group that a run puts them in", inputs=("row",)
        ),
    )


@hookimpl
def medai_models():
    models = (
        ModelSpec(name="means", target="medai_strata.models:Means", task="clustering", summary="Lloyd's rule", inputs=("row",)),
        ModelSpec(name="centres", target="medai_strata.models:Centres", task="classification", summary="the nearest mean", inputs=("row",)),
        ModelSpec(name="mean", target="medai_strata.models:MeanValue", task="regression", summary="the mean of all", inputs=("row",)),
    )
    return tuple(model for model in models if _inputs(model))


@hookimpl
def medai_exporters():
    return (ExporterSpec(name="csv", target="medai_strata.exporters:Rows", task="clustering", summary="a row for each case"),)


def _data(answer):
    return {"rows": Slot(folder=use("strata/table", answer=answer), embedded=use("strata/blobs", answer=answer))}


@hookimpl
def medai_recipes():
    protocol = Protocol(split=Split(valid=0.2, test=0.25))
    return (
        Recipe(
            name="group",
            task="clustering",
            model=use("strata/means", count=3),
            data=_data("class"),
            train=Train(epochs=3, validate_every=1, save_every=1),
            protocol=protocol,
        ),
        Recipe(
            name="name",
            task="classification",
            model=use("strata/centres"),
            data=_data("class"),
            views=(use("strata/placed", groups=RunRef("group")),),
            upstream={"group": "strata/group"},
            train=Train(epochs=1),
            protocol=protocol,
        ),
        Recipe(name="measure", task="regression", model=use("strata/mean"), data=_data("number"), train=Train(epochs=1), protocol=protocol),
    )
