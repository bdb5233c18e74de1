"""A plugin whose runs write every file and record that there is, so that their keys can be recorded. It is loaded by its path."""

from medai.api import (
    Cell,
    DatasetSpec,
    ExporterSpec,
    LossSpec,
    ModelSpec,
    Protocol,
    Recipe,
    Slot,
    Split,
    Table,
    Train,
    hookimpl,
    run_of,
    use,
)

_HERE = "medai_sdk.surface.sample_components"
_DATA = {"points": Slot(folder=use("surface-sample/points"))}
_SPLIT = Protocol(split=Split(valid=0.25, test=0.25))
_TRAIN = Train(batch=4, steps=4, validate_every=2)


@hookimpl
def medai_datasets():  # type: ignore[no-untyped-def]
    return (
        DatasetSpec(name="points", target=f"{_HERE}:Points", summary="points on a line", task="regression", inputs=("row",)),
        DatasetSpec(name="residuals", target=f"{_HERE}:Residuals", summary="what a run leaves", task="regression", inputs=("row",)),
    )


@hookimpl
def medai_models():  # type: ignore[no-untyped-def]
    return (ModelSpec(name="line", target=f"{_HERE}:Line", summary="a line", task="regression", inputs=("row",)),)


@hookimpl
def medai_losses():  # type: ignore[no-untyped-def]
    return (LossSpec(name="squares", target="torch.nn:MSELoss", summary="squares", task="regression"),)


@hookimpl
def medai_exporters():  # type: ignore[no-untyped-def]
    return (ExporterSpec(name="lines", target=f"{_HERE}:Lines", summary="a line for each case", of="predictions"),)


@hookimpl
def medai_recipes():  # type: ignore[no-untyped-def]
    shared = {"task": "regression", "loss": use("surface-sample/squares"), "data": _DATA, "protocol": _SPLIT, "train": _TRAIN}
    return (
        Recipe(name="first", model=use("surface-sample/line"), **shared),  # type: ignore[arg-type]
        Recipe(
            name="second",
            model=use("surface-sample/line"),
            baselines=(use("surface-sample/line", slope=0.5),),
            upstream={"first": "surface-sample/first"},
            views=(use("surface-sample/residuals", run=run_of("first")),),
            **shared,  # type: ignore[arg-type]
        ),
    )


@hookimpl
def medai_tables():  # type: ignore[no-untyped-def]
    cell = Cell(row="line", column="mae", reported=0.5, recipe="surface-sample/second", metric="mae")
    return (Table(name="table", title="a table", task="regression", cells=(cell,)),)
