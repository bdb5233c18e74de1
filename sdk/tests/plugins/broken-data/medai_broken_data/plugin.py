"""What this plugin offers: each target is named as its fault."""

from dataclasses import replace

from medai.api import DatasetSpec, ModelSpec, Protocol, Recipe, Slot, Split, TaskSpec, Train, hookimpl, run_of, use

_HERE = "medai_broken_data"
_FOLDERS = (
    *("Sound", "UnseededStub", "SmallStub", "NoStub", "TakesEmptyFolders", "CrashesOnDamage", "TakesDamage", "NamesNoFile", "HashedIds"),
    *("PathsAsIds", "IdsOfPlace", "ReadsPixels", "Shuffled", "DoubledIds", "NoGroups", "OneGroup", "GroupInTwoParts", "TakesStrays"),
    *("Raw", "RawFromFile", "RawAsBytes", "RawByDescriptor", "RawAsText", "RawOfSmallImages"),
    *("Halves", "WholeInTwoGroups", "WholeInTwoParts", "Nested", "IdsOfNames"),
)
_UNLABELLED = ("ByPath", "ByFolder", "FirstForAll", "CachesBeside")
_DRAWN = (
    *("Sound", "OtherCase", "WideImage", "BackgroundLabel", "NoUnit", "ScaleOfBytes", "WrongSpacing", "Unseeded", "OwnGenerator"),
    *("GlobalChance", "SeedsAll", "HoldsALambda", "DiesElsewhere", "EndsElsewhere", "HeedsWorkers", "OddFacts", "NoUnlabelled"),
)
_VIEWS = (
    *("Darker", "InPlace", "LosesGroups", "LosesFacts", "HidesFaults", "LosesAffine", "AffineNotFlipped", "ReferenceNotFlipped"),
    *("ReadsAhead", "TakesRows", "Blocks", "BlocksOfAFew", "BlocksNotMoved", "CannotCount"),
)
_TASKS = (
    *("Sound", "NeedsAParameter", "TextsAsTypes", "NoSuchMetric", "RefusesGood", "TakesAnySample", "TakesAnyPrediction"),
    *("ReferenceNeeded", "SavesTheClass", "CrashesOnDamage", "DrawsNothing", "OpensLabelled", "LosesACase", "ExportsOthers"),
)
_ALONE = ("NoSamples", "DoesNotStack")
_SOUND_ON_BAD_DATA = ("of-bad-data", "of-unread-data")


def _named(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).removeprefix("-")


@hookimpl
def medai_datasets():
    return (
        *(_dataset(f"folder-{_named(name)}", f"{_HERE}.folder:{name}", "segmentation") for name in _FOLDERS),
        *(_dataset(f"folder-{_named(name)}", f"{_HERE}.unlabelled:{name}", "segmentation") for name in _UNLABELLED),
        _dataset("header-shows-patients", f"{_HERE}.headers:ShowsPatients", "restoration"),
        *(_dataset(f"drawn-{_named(name)}", f"{_HERE}.drawn:{name}", "detection") for name in _DRAWN),
        *(_dataset(f"view-{_named(name)}", f"{_HERE}.views:{name}", "restoration") for name in _VIEWS if name != "TakesRows"),
        _dataset("view-of-a-run", f"{_HERE}.views:OfARun", "broken-data/sound"),
        DatasetSpec(name="view-takes-rows", target=f"{_HERE}.views:TakesRows", summary="rows too", inputs=("image", "row")),
        *(_dataset(f"of-{_named(name)}", f"{_HERE}.drawn:Labelled", f"broken-data/{_named(name)}") for name in _TASKS),
        _dataset("of-bad-samples", f"{_HERE}.drawn:BadlyLabelled", "classification"),
        _dataset("bad-data", f"{_HERE}.drawn:BadlyLabelled", "broken-data/of-bad-data"),
        _dataset("unread-data", f"{_HERE}.drawn:Unreadable", "broken-data/of-unread-data"),
        _dataset("of-does-not-stack", f"{_HERE}.drawn:OddlyLabelled", "broken-data/does-not-stack"),
    )


@hookimpl
def medai_tasks():
    return (
        *(_task(_named(name), name) for name in (*_TASKS, *_ALONE)),
        *(_task(name, "Sound") for name in _SOUND_ON_BAD_DATA),
    )


@hookimpl
def medai_models():
    return (
        ModelSpec(name="net", target=f"{_HERE}.tasks:Net", summary="a plain network"),
        ModelSpec(name="net-of-bad-samples", target=f"{_HERE}.tasks:Net", summary="a sound network, whose data are not"),
    )


@hookimpl
def medai_recipes():
    return (
        *(_recipe(f"learn-{_named(name)}", _named(name)) for name in _TASKS),
        replace(
            _recipe("learn-bad-samples", "sound"),
            task="classification",
            model=use("broken-data/net-of-bad-samples"),
            data={"images": Slot(folder=use("broken-data/of-bad-samples"), embedded=use("broken-data/of-bad-samples"))},
        ),
        replace(
            _recipe("learn-in-stages", "sound"),
            views=(use("broken-data/view-of-a-run", judge=run_of("first")),),
            upstream={"first": "broken-data/learn-sound"},
        ),
    )


def _task(name: str, target: str) -> TaskSpec:
    return TaskSpec(name=name, target=f"{_HERE}.tasks:{target}", summary="a class for an image", inputs=("image",))


def _dataset(name: str, target: str, task: str) -> DatasetSpec:
    return DatasetSpec(name=name, target=target, summary=name.replace("-", " "), task=task, inputs=("image",))


def _recipe(name: str, task: str) -> Recipe:
    return Recipe(
        name=name,
        task=f"broken-data/{task}",
        summary="a plain network",
        model=use("broken-data/net"),
        data={"images": Slot(folder=use(f"broken-data/of-{task}"), embedded=use(f"broken-data/of-{task}"))},
        train=Train(steps=1),
        protocol=Protocol(split=Split(valid=0.2, test=0.25)),
    )
