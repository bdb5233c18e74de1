"""What this plugin offers."""

from medai.api import (
    Cell,
    DatasetSpec,
    ExporterSpec,
    LossSpec,
    MetricSpec,
    ModelSpec,
    Protocol,
    Recipe,
    Slot,
    Split,
    Spread,
    Table,
    Train,
    Use,
    hookimpl,
    run_of,
    use,
)

_CT = {"task": "restoration", "license": "Apache-2.0", "source": "Smith et al. 2026, eq. 3"}


@hookimpl
def medai_datasets() -> list[DatasetSpec]:
    return [
        DatasetSpec(
            name="slices",
            target="medai_scans.data:Slices",
            summary="folders low/ and full/ of DICOM slices",
            inputs=("image",),
            needs=("pydicom",),
            implements=("SCAN-1",),
            **_CT,
        ),
        DatasetSpec(name="volumes", target="medai_scans.data:Volumes", summary="the same as volumes", inputs=("image",), **_CT),
        DatasetSpec(name="phantoms", target="medai_scans.data:Phantoms", summary="discs in noise, generated", inputs=("image",), **_CT),
        DatasetSpec(name="corners", target="medai_scans.views:Corners", summary="a patch anywhere (a view)", example={"size": 12}, **_CT),
        DatasetSpec(name="cleaned", target="medai_scans.views:Cleaned", summary="what an earlier run made of it (a view)", **_CT),
        DatasetSpec(name="soft", target="medai_scans.views:Soft", summary="soft tissue as 0..1 (a view)", **_CT),
    ]


@hookimpl
def medai_models() -> list[ModelSpec]:
    return [
        ModelSpec(
            name="net",
            target="medai_scans.models:Net",
            summary="two convolutions and what they leave",
            inputs=("image",),
            devices=("cpu", "cuda"),
            example={"channels": 2},
            known_failures={"model.loss-falls": "two channels are too few"},
            former_names={"network": "2.0"},
            **_CT,
        ),
        ModelSpec(name="duel", target="medai_scans.duel:Duel", summary="learns in turns", inputs=("image",), **_CT),
        ModelSpec(name="blur", target="medai_scans.models:Blur", summary="a mean, tile by tile", inputs=("image",), **_CT),
    ]


@hookimpl
def medai_losses() -> list[LossSpec]:
    return [
        LossSpec(name="charbonnier", target="medai_scans.measures:Charbonnier", summary="a smooth distance", **_CT),
        LossSpec(name="edges", target="medai_scans.measures:Edges", summary="another loss, and that of the edges", **_CT),
    ]


@hookimpl
def medai_metrics() -> list[MetricSpec]:
    return [
        MetricSpec(name="bias", target="medai_scans.measures:Bias", summary="mean difference in HU", of="predictions", **_CT),
        MetricSpec(name="weight", target="medai_scans.measures:Weight", summary="how many numbers it holds", of="model", **_CT),
    ]


@hookimpl
def medai_exporters() -> list[ExporterSpec]:
    return [
        ExporterSpec(name="series", target="medai_scans.exporters:SeriesFiles", summary="DICOM series", of="predictions", **_CT),
        ExporterSpec(name="tensors", target="medai_scans.exporters:Tensors", summary="weights and a record", of="model", **_CT),
    ]


_DATA = {"scans": Slot(folder=use("scans/slices"), embedded=use("scans/phantoms", n=12), roles=("train", "valid", "test"))}
_TRAIN = Train(
    batch=4,
    steps=30,
    epochs=None,
    optimizers={"all": use("Adam", lr=1e-3)},
    schedule=use("CosineAnnealingLR"),
    schedule_every="step",
    warmup=2,
    clip=1.0,
    precision="float32",
    validate_every=10,
    save_every=10,
    patience=5,
    select="psnr",
    halve_batch=False,
    views=(use("scans/corners", size=12),),
)
_PROTOCOL = Protocol(
    split=Split(valid=0.25, test=0.25, seed=1, published=True, gap=1),
    metrics=(use("medai/psnr"), Use("scans/bias")),
    options={"window": [-200.0, 200.0]},
)


@hookimpl
def medai_recipes() -> list[Recipe]:
    return [
        Recipe(
            name="clean",
            task="restoration",
            summary="the network on slices",
            model=use("scans/net"),
            loss=use("scans/edges", inner=use("scans/charbonnier")),
            data=_DATA,
            protocol=_PROTOCOL,
            train=_TRAIN,
            baselines=(use("scans/blur", size=3),),
            scales={"quick": {"train.steps": 10, "train.validate_every": 5}},
            implements=("SCAN-2",),
            source="Smith et al. 2026",
            license="Apache-2.0",
            known_failures={"recipe.has-reported-figures": "the paper gives none"},
            former_names={"denoise": "2.0"},
        ),
        Recipe(
            name="twice",
            task="restoration",
            model=use("scans/net", channels=2),
            loss=use("scans/charbonnier"),
            data=_DATA,
            views=(use("scans/cleaned", first=run_of("clean")),),
            upstream={"clean": "scans/clean"},
            protocol=_PROTOCOL,
            train=_TRAIN,
        ),
        Recipe(
            name="duel",
            task="restoration",
            model=use("scans/duel"),
            data=_DATA,
            protocol=_PROTOCOL,
            train=Train(batch=2, steps=8, optimizers={"critic": use("Adam", lr=1e-3), "generator": use("SGD", lr=1e-4)}, validate_every=4),
        ),
        Recipe(
            name="volumes",
            task="restoration",
            model=use("scans/blur", size=3),
            data={"scans": Slot(folder=use("scans/volumes"))},
            views=(use("scans/soft"),),
            protocol=Protocol(split=Split(test=0.5)),
        ),
    ]


@hookimpl
def medai_tables() -> list[Table]:
    cell = Cell(
        row="ours",
        column="PSNR",
        reported=31.2,
        recipe="scans/clean",
        metric="psnr",
        spread=Spread(value=0.4, kind="standard deviation"),
        overrides={"train.batch": 2},
        data={"scans": "scans/slices"},
        note="the caption says SSIM",
    )
    return [Table(name="table-1", title="slices", task="restoration", cells=(cell,), source="Smith et al. 2026", implements=("SCAN-3",))]
