"""What this plugin offers: `sound` ones, and some with a fault each."""

from medai.api import (
    Cell,
    Chart,
    DatasetSpec,
    ExporterSpec,
    LossSpec,
    MetricSpec,
    ModelSpec,
    Protocol,
    Recipe,
    Slot,
    Split,
    Table,
    Train,
    hookimpl,
    use,
)  # fmt: skip

_HERE = "medai_broken_outputs"
_OF_MASKS = (
    *("Share", "AveragesByBatch", "Remembers", "UpsideDown", "NoWay", "BlindToTheReference", "CrashesOnEmpty", "LosesAllToOneEmpty"),
    *("GivesTensors", "ChangesWhatItGets", "HandsOutItsState", "NamesByNumber", "Untyped", "Undocumented"),
    *("SecondIsConstant", "SecondFavoursTheWrong", "SecondLosesAllToOneEmpty", "SumsUp", "RootOfASum", "EndlessOnEmpty", "Deviation"),
)
_OF_MODULES = ("Weights", "LeavesItTraining", "CountsInWholes")
_OF_TRAININGS = ("Steps", "FailsOnAnEmptyJournal")
_THAT_CHOOSE = ("Chooses", "ChoosesAnothersParameter", "NamesWhatItChose", "ChoosesByChance")
_OF_IMAGES = (
    *("Files", "LosesAffine", "ScalesValues", "Overwrites", "Pickles", "WritesOutside", "LeavesHalf", "SkipsTheLast", "AddsChance"),
    *("InPlace", "RefusesInItsOwnWords", "OwnFormat", "TransposesVolumes", "Shrinks", "WithPictures", "OfImagesAlone"),
)
_WRITING_MASKS = ("Masks", "MergesClasses", "SwapsAxes", "FlipsRows", "ShiftsColumns", "Shades")
_OF_MODELS = ("Model", "ForgetsWeights", "HalvesWeights", "PicklesModels", "ModelBeside", "ChokesOnSome")
_MODELS = ("Segmenter", "FailsInTraining", "OfAnotherKind", "ForgetsOnSaving")


def _named(name):
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).removeprefix("-")


def _metric(name, **more):
    return MetricSpec(name=_named(name), target=f"{_HERE}.metrics:{name}", summary=name, **{"task": "segmentation", **more})


def _share(name, **more):
    return MetricSpec(name=name, target=f"{_HERE}.metrics:Share", summary=name, **{"task": "segmentation", **more})


def _exporter(name, **more):
    return ExporterSpec(name=_named(name), target=f"{_HERE}.exporters:{name}", summary=name, **more)


@hookimpl
def medai_metrics():
    return (
        *(_metric(name) for name in (*_OF_MASKS, *_THAT_CHOOSE)),
        *(_metric(name, of="training") for name in _OF_TRAININGS),
        *(_metric(name, of="model") for name in _OF_MODULES),
        _metric("NeedsAnExtra", needs=("an extra",)),
        _share("of-no-task", task="segmentatoin"),
        _share("of-no-input", inputs=("image", "voxelgrid")),
        _share("oddly-licensed", license="Apache 2"),
        _share("claims-oddly", implements=("Row One",)),
        _share("claims-twice", implements=("taken",)),
        _share("claims-first", implements=("taken",), known_failures={"component.implements-runs": "the other claims it too"}),
    )


@hookimpl
def medai_exporters():
    return (
        *(_exporter(name, task="restoration") for name in _OF_IMAGES),
        *(_exporter(name, task="segmentation") for name in _WRITING_MASKS),
        *(_exporter(name, of="model") for name in _OF_MODELS),
        _exporter("NeedsAnExtra", needs=("an extra",)),
        ExporterSpec(name="needs-in-secret", target=f"{_HERE}.exporters:NeedsAnExtra", summary="needs an extra and does not say it"),
    )


@hookimpl
def medai_models():
    return tuple(
        ModelSpec(name=_named(name), target=f"{_HERE}.models:{name}", summary=name, task="segmentation", inputs=("image",))
        for name in _MODELS
    )


@hookimpl
def medai_losses():
    return (LossSpec(name="cross-entropy", target=f"{_HERE}.models:Loss", summary="of logits", task="segmentation"),)


@hookimpl
def medai_datasets():
    return tuple(
        DatasetSpec(name=_named(name), target=f"{_HERE}.data:{name}", summary=name, task="segmentation", inputs=("image",))
        for name in ("Folder", "FailingStub", "Closed")
    )


def _recipe(name, **more):
    held = {
        "task": "segmentation",
        "model": use("broken-outputs/segmenter"),
        "loss": use("broken-outputs/cross-entropy"),
        "data": {"images": Slot(folder=use("broken-outputs/folder"))},
        "train": Train(batch=2, steps=10, optimizers={"all": use("Adam", lr=0.01)}),
        "protocol": Protocol(split=Split(valid=0.25, test=0.25), metrics=(use("broken-outputs/share"),)),
        "summary": name,
        "scales": {"quick": {"train": {"steps": 4}}},
    }
    return Recipe(name=name, **{**held, **more})


@hookimpl
def medai_recipes():
    return (
        _recipe("sound", implements=("row-one",)),
        _recipe("unknown-id", baselines=(use("broken-outputs/segmentor"),)),
        _recipe("scale-does-not-apply", scales={"tiny": {"train": {"stepz": 4}}}),
        _recipe("wrong-parameter", scales={"quick": {"model": {"width": "wide"}}}),
        _recipe("unknown-optimizer", scales={"quick": {"train": {"optimizers": {"all": {"use": "Adamant"}}}}}),
        _recipe("metric-of-another-task", scales={"quick": {}}, protocol=Protocol(metrics=(use("medai/psnr"),))),
        _recipe("fails-on-stub-data", model=use("broken-outputs/fails-in-training"), implements=("row-two",)),
        _recipe("stub-fails", data={"images": Slot(folder=use("broken-outputs/failing-stub"))}),
        _recipe("refuses-to-predict", data={"images": Slot(folder=use("broken-outputs/closed"))}),
        _recipe("other-figures-each-time", model=use("broken-outputs/of-another-kind")),
        _recipe("forgets-on-saving", model=use("broken-outputs/forgets-on-saving")),
        _recipe("unknown-upstream", upstream={"first": "broken-outputs/nothing"}),
    )


def _table(name, *cells, **more):
    return Table(name=name, title=name, task="segmentation", cells=cells, **{"source": "nowhere, Table 1", **more})


def _cell(**more):
    return Cell(**{"row": "one", "column": "Share", "reported": 0.9, "recipe": "broken-outputs/sound", "metric": "share", **more})


@hookimpl
def medai_tables():
    return (
        _table("sound", _cell()),
        _table("names-no-recipe", _cell(recipe="broken-outputs/unsound")),
        _table("overrides-nothing", _cell(overrides={"train.stepz": 3})),
        _table("names-no-figure", _cell(metric="dice")),
        _table("tests-on-nothing", _cell(test="elsewhere")),
        _table("has-no-such-protocol", _cell(), protocol="honest"),
        _table("draws-no-column", _cell(), charts=(Chart(title="shares", columns=("Share",), against="Time"),)),
        _table("one-place-twice", _cell(), _cell(reported=0.8)),
        _table("reports-from-nowhere", _cell(), source=""),
    )
