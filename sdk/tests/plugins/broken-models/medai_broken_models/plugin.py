"""What this plugin offers: a model and a loss that keep the contract, and many that do not."""

from medai.api import LossSpec, ModelSpec, hookimpl

_ANSWERS = (
    *("sound", "wrong-shape", "double-precision", "one-for-all", "wrong-order", "batch-statistics", "remembers", "noisy", "in-place"),
    *("in-hounsfield", "of-volumes", "of-colours", "another-unit", "seeds-globally", "even-sizes", "normalised"),
)
_LEARNING = (
    *("detached", "unused-parameter", "constant", "endless-gradient", "unseeded-weights", "unseeded-training", "forgets-its-step"),
    *("zeroed-head", "starts-at-zero", "asleep", "nothing-to-learn", "counts-in-secret", "silent", "backwards"),
)
_STATES = (
    *("pickled", "pickled-text", "unsaved-weights", "plain-tensor", "unregistered-layer", "tensor-of-the-file", "tensor-of-the-class"),
    *("tensors-in-a-tuple", "numpy-of-the-answer", "made-on-the-cpu", "first-process-alone"),
)
_SEGMENTING = (
    *("sound-mask", "warms-up", "dropout-in-masks", "noise-in-masks", "batch-mean-in-masks", "masks-the-other-way-round"),
    "remembers-in-masks",
)
_LOSSES = (
    *("squared", "each-pixel", "cut-off", "part-cut-off", "changes-target", "unseeded", "running", "upside-down", "root"),
    *("learns-itself", "plain-weight", "weight-of-the-class", "numpy-of-the-target", "ignores-its-target"),
    *("constant", "flat", "within-a-margin"),
)


def _target(module, name):
    return f"medai_broken_models.{module}:{''.join(word.capitalize() for word in name.split('-'))}"


@hookimpl
def medai_models():
    modules = {"answers": _ANSWERS, "learning": _LEARNING, "states": _STATES, "segmenting": _SEGMENTING}
    return [
        ModelSpec(
            name=name,
            target=_target(module, name),
            summary=name,
            task="segmentation" if module == "segmenting" else "restoration",
            inputs=("image",),
        )
        for module, names in modules.items()
        for name in names
    ]


@hookimpl
def medai_losses():
    return [LossSpec(name=name, target=_target("losses", name), summary=name, task="restoration", inputs=("image",)) for name in _LOSSES]
