"""Checks of a metric of models."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from medai_sdk.contract.check import Broken, check
from medai_sdk.contract.subjects.measured import MetricSubject
from medai_sdk.contract.trials.comparing import difference


@check("metric.measures-a-model", "`measure` gives figures of a model by name, each a float of Python's")
def measures_a_model(subject: MetricSubject) -> None:
    module = subject.module().eval()
    found = subject.build().measure(module, subject.batch(1, training=False))
    if not isinstance(found, Mapping) or not found:
        raise Broken(f"measure gave {found!r}", "give a mapping of names to floats")
    for name, value in found.items():
        if not isinstance(name, str) or not name or not isinstance(value, float):
            raise Broken(f"{name!r} is a {type(value).__name__}", "names are texts and figures float(...), or math.nan")


@check("metric.leaves-the-model", "`measure` changes neither the model's weights nor whether it trains, nor its batch")
def leaves_the_model(subject: MetricSubject) -> None:
    module, batch = subject.module(), subject.batch(1, training=False)
    for training in (False, True):
        module.train(training)
        state, given = copy.deepcopy(module.state_dict()), copy.deepcopy(batch.inputs)
        wanted = {name: parameter.requires_grad for name, parameter in module.named_parameters()}
        subject.build().measure(module, batch)
        if any(each.training != training for each in module.modules()):
            raise Broken(
                f"the model was in {'training' if training else 'eval'} mode and is no more", "put the mode back with model.train(mode)"
            )
        # In training a module may count its batches.
        held = dict(module.named_parameters()) if training else module.state_dict()
        if any(difference(state[name].detach(), value.detach()) for name, value in held.items()):
            raise Broken("its weights are changed", "measure a copy.deepcopy of the model")
        if {name: parameter.requires_grad for name, parameter in module.named_parameters()} != wanted:
            raise Broken("which weights are trained is changed", "measure under torch.no_grad() in place of requires_grad_")
        if difference(given, batch.inputs):
            raise Broken("the batch is changed", "work on a copy of it")
