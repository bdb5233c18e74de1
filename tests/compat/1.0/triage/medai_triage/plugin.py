"""What this plugin offers."""

from medai.api import (
    DatasetSpec,
    ExporterSpec,
    LossSpec,
    MetricSpec,
    ModelSpec,
    Protocol,
    Recipe,
    Slot,
    Split,
    TaskSpec,
    Train,
    hookimpl,
    use,
)


@hookimpl
def medai_tasks():
    return [TaskSpec(name="urgency", target="medai_triage.task:UrgencyTask", summary="how urgent a note is", inputs=("note",))]


@hookimpl
def medai_datasets():
    return [
        DatasetSpec(name="notes", target="medai_triage.data:Notes", task="triage/urgency", summary="a folder of notes", inputs=("note",)),
        DatasetSpec(name="spots", target="medai_triage.others:Spots", summary="NIfTI planes with a bright square", inputs=("image",)),
        DatasetSpec(name="strands", target="medai_triage.others:Strands", summary="FASTA with brackets", inputs=("sequence",)),
    ]


@hookimpl
def medai_models():
    return [
        ModelSpec(name="bag", target="medai_triage.models:Bag", task="triage/urgency", summary="a weight for each word", inputs=("note",)),
        ModelSpec(
            name="words", target="medai_triage.models:Words", task="triage/urgency", summary="counts alarming words", inputs=("note",)
        ),
        ModelSpec(
            name="careful", target="medai_triage.models:Careful", task="triage/urgency", summary="another, and some more", inputs=("note",)
        ),
        ModelSpec(
            name="finder", target="medai_triage.others:Finder", task="detection", summary="what is bright, as a box", inputs=("image",)
        ),
        ModelSpec(name="bright", target="medai_triage.others:Bright", task="segmentation", summary="what is bright", inputs=("image",)),
        ModelSpec(name="hairpin", target="medai_triage.others:Hairpin", task="base-pairing", summary="ends pair", inputs=("sequence",)),
    ]


@hookimpl
def medai_losses():
    return [LossSpec(name="squares", target="torch.nn:MSELoss", task="triage/urgency", summary="squared distance")]


@hookimpl
def medai_metrics():
    return [MetricSpec(name="off-by", target="medai_triage.measures:OffBy", task="triage/urgency", summary="mean distance of levels")]


@hookimpl
def medai_exporters():
    return [
        ExporterSpec(name="list", target="medai_triage.exporters:WorkList", task="triage/urgency", summary="the most urgent first"),
        ExporterSpec(name="bag", target="medai_triage.exporters:BagFile", task="triage/urgency", summary="weights as JSON", of="model"),
    ]


def _plain(name, task, data):
    return Recipe(
        name=name, task=task, model=use(f"triage/{name}"), data={"images": Slot(folder=data)}, protocol=Protocol(split=Split(test=0.5))
    )


@hookimpl
def medai_recipes():
    return [
        Recipe(
            name="sort",
            task="triage/urgency",
            model=use("triage/bag"),
            loss=use("triage/squares"),
            data={"notes": Slot(folder=use("triage/notes"))},
            train=Train(batch=4, steps=8, validate_every=4, save_every=4, optimizers={"all": use("SGD", lr=0.1)}),
            protocol=Protocol(split=Split(valid=0.25, test=0.25)),
            baselines=(use("triage/words"), use("triage/careful", inner="triage/words", more=1)),
        ),
        _plain("finder", "detection", use("triage/spots", answer="boxes")),
        _plain("bright", "segmentation", use("triage/spots", answer="mask")),
        _plain("hairpin", "base-pairing", use("triage/strands")),
    ]
