"""Checks of what a component declares of itself: parameters, task, inputs and licence."""

from __future__ import annotations

import inspect

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from medai._discovery import registry
from medai._words import nearest
from medai.api import Spec
from medai.errors import MedaiError
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.component import ComponentSubject
from medai_sdk.contract.subjects.parameters import keywords, undocumented, unresolved, writable
from medai_sdk.stub import INPUTS_OF


@check("component.parameters-typed", "every parameter has a type that can be resolved, and a default that can stand in a file")
def parameters_typed(subject: ComponentSubject) -> None:
    found = _keywords(subject)
    for name, parameter in found.items():
        if parameter.annotation is inspect.Parameter.empty:
            raise Broken(f"{name} has no type", f"annotate it, as in {name}: int = 3, so that a wrong value is refused by name")
        if parameter.default is not inspect.Parameter.empty and not writable(parameter.default):
            raise Broken(
                f"the default of {name} is {parameter.default!r:.80}, which no TOML or JSON can say",
                "use numbers, texts, lists, tables, a Use or None",
            )
    if why := unresolved(subject.target):
        raise Broken(f"its annotations cannot be resolved: {why}", "import what they name outside `if TYPE_CHECKING:`")


@check("component.parameters-documented", "every parameter has a line in the docstring of the target")
def parameters_documented(subject: ComponentSubject) -> None:
    _keywords(subject)
    missing = undocumented(subject.target)
    if missing:
        raise Broken(
            f"the docstring says nothing of {', '.join(missing)}", f"add a line under Args:, as in `{missing[0]}: what it is, and its unit`"
        )


@check("component.task-and-inputs-known", "its task is installed, and its inputs are those of a task")
def task_and_inputs_known(subject: ComponentSubject) -> None:
    spec = subject.entry.spec
    if spec.task:
        try:
            registry().find("task", spec.task)
        except MedaiError as error:
            raise Broken(str(error), "name a task of medai or of an installed plugin, or leave it empty for any") from error
    inputs = spec.inputs if isinstance(spec, Spec) else ()
    known = {kind for kinds in INPUTS_OF.values() for kind in kinds}
    known |= {kind for entry in registry().entries("task") if isinstance(entry.spec, Spec) for kind in entry.spec.inputs}
    for name in inputs:
        if name not in known:
            raise Broken(
                f"no task has the input {name!r}{nearest(name, sorted(known))}", "name an input of a task, or declare it in a TaskSpec"
            )


@check("component.license-wellformed", "its licence is an SPDX expression")
def license_wellformed(subject: ComponentSubject) -> None:
    stated = getattr(subject.entry.spec, "license", "")
    if not stated:
        raise NotApplicable("it states none")
    try:
        canonicalize_license_expression(stated)
    except InvalidLicenseExpression as error:
        raise Broken(f"{stated!r}: {error}", "write an identifier of spdx.org/licenses, such as Apache-2.0, or LicenseRef-Name") from error


def _keywords(subject: ComponentSubject) -> dict[str, inspect.Parameter]:
    if not isinstance(subject.entry.spec, Spec):
        raise NotApplicable(f"a {subject.entry.kind} has no parameters")
    found = keywords(subject.target)
    if not found:
        raise NotApplicable("it has no parameters")
    return found
