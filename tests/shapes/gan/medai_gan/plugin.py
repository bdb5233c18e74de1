"""What this plugin offers."""

from medai.api import DatasetSpec, LossSpec, ModelSpec, Protocol, Recipe, Slot, Split, Train, hookimpl, use

_QUICK = {"train.steps": 90, "train.validate_every": 15, "train.save_every": 7}


@hookimpl
def medai_datasets():
    return (
        DatasetSpec(name="stripes", target="medai_gan.data:Stripes", task="restoration", summary="noisy stripes, generated"),
        DatasetSpec(name="pairs", target="medai_gan.data:PairFolder", task="restoration", summary="folders input/ and target/"),
    )


@hookimpl
def medai_models():
    return (ModelSpec(name="duel", target="medai_gan.model:Duel", task="restoration", summary="a generator and its critic"),)


@hookimpl
def medai_losses():
    return (LossSpec(name="perceptual", target="medai_gan.model:Perceptual", task="restoration", summary="distance in a frozen network"),)


@hookimpl
def medai_recipes():
    adam = {"critic": use("Adam", lr=2e-3, betas=[0.5, 0.9]), "generator": use("Adam", lr=5e-3, betas=[0.5, 0.9])}
    return (
        Recipe(
            name="denoise",
            task="restoration",
            summary="critic twice, generator once",
            model=use("gan/duel"),
            loss=use("gan/perceptual"),
            data={"pairs": Slot(folder=use("gan/pairs"), embedded=use("gan/stripes"))},
            train=Train(batch=4, steps=3000, optimizers=adam, schedule=use("CosineAnnealingLR"), warmup=3, clip=5.0, validate_every=150),
            protocol=Protocol(split=Split(valid=0.2, test=0.25), options={"window": [0.0, 1.0]}),
            scales={"quick": _QUICK},
        ),
    )
