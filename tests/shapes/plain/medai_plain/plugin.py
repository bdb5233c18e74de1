"""What this plugin offers."""

from medai.api import DatasetSpec, LossSpec, ModelSpec, Protocol, Recipe, Slot, Split, Train, hookimpl, use

_OPTIONS = {"window": [0.0, 1.0]}


@hookimpl
def medai_datasets():
    return (
        DatasetSpec(name="blobs", target="medai_plain.data:Blobs", task="restoration", summary="noisy blobs, generated"),
        DatasetSpec(name="folder", target="medai_plain.data:BlobFolder", task="restoration", summary="a folder per patient"),
    )


@hookimpl
def medai_models():
    return (ModelSpec(name="net", target="medai_plain.model:Net", task="restoration", summary="three convolutions and a skip"),)


@hookimpl
def medai_losses():
    return (
        LossSpec(
            name="mse",
            target="torch.nn:MSELoss",
            task="restoration",
            summary="torch's mean squared error",
            known_failures={"component.parameters-typed": "torch leaves size_average and reduce without a type"},
        ),
    )


@hookimpl
def medai_recipes():
    return (
        Recipe(
            name="denoise",
            task="restoration",
            summary="a plain network",
            model=use("plain/net", channels=16),
            loss=use("plain/mse"),
            data={"pictures": Slot(folder=use("plain/folder"), embedded=use("plain/blobs"))},
            train=Train(batch=4, steps=2000, optimizers={"all": use("Adam", lr=1e-3)}, validate_every=100),
            protocol=Protocol(split=Split(valid=0.2, test=0.25), options=_OPTIONS),
            scales={"quick": {"train.steps": 60, "train.optimizers.all.lr": 5e-3, "train.validate_every": 10, "train.save_every": 5}},
        ),
    )
