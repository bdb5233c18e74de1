"""Advice: what a plugin that keeps the contract may still lack for those who use it."""

from __future__ import annotations

from medai._discovery import load_target, registry
from medai.api import Recipe, Spec, Table
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.component import ComponentSubject, TriedSubject
from medai_sdk.contract.subjects.parameters import docstrings, keywords

_LONGEST = 120
"""Letters of a summary that stand in one line of `medai list`."""
_DEVICES = frozenset({"cpu", "cuda", "mps"})


@check("component.is-documented", "the target says in a docstring of its own what it is", level="advice")
def is_documented(subject: ComponentSubject) -> None:
    if not isinstance(subject.entry.spec, Spec):
        raise NotApplicable(f"a {subject.entry.kind} has a summary")
    own = next(docstrings(subject.target), "")
    if not own.strip():
        raise Broken(f"{subject.entry.spec.target} has no docstring", "say what it does, in which units, and after which paper")


@check("component.states-its-license", "its licence is stated", level="advice")
def states_its_license(subject: ComponentSubject) -> None:
    spec = subject.entry.spec
    if isinstance(spec, Table):
        raise NotApplicable("figures have no licence")
    if subject.entry.kind == "dataset" and "root" in keywords(subject.target):
        raise NotApplicable("it reads a user's own data")
    if not spec.license:
        raise Broken("no licence is stated", 'write license="Apache-2.0", or what the code or the data are under')


@check("component.states-its-source", "the paper, equation, table or address that it comes from is stated", level="advice")
def states_its_source(subject: ComponentSubject) -> None:
    view = subject.entry.kind == "dataset" and "source" in keywords(subject.target)
    if view or subject.entry.kind not in ("model", "dataset", "recipe"):
        raise NotApplicable("it may be everybody's" if not view else "a view stands over what has one")
    if not subject.entry.spec.source:
        raise Broken("no source is stated", 'write source="Author et al. 2024, doi:..."')


@check("component.has-a-short-summary", f"its summary is one line of at most {_LONGEST} letters", level="advice")
def has_a_short_summary(subject: ComponentSubject) -> None:
    text = subject.entry.spec.title if isinstance(subject.entry.spec, Table) else subject.entry.spec.summary
    if not text:
        raise Broken("it has no summary", "say in a few words what it is, for medai list")
    if len(text) > _LONGEST:
        raise Broken(f"its summary has {len(text)} letters", "say the rest in the docstring")


@check("component.names-devices", "its devices are cpu, cuda or mps, and cpu is among them", level="advice")
def names_devices(subject: ComponentSubject) -> None:
    spec = subject.entry.spec
    if not isinstance(spec, Spec):
        raise NotApplicable(f"a {subject.entry.kind} runs where its components do")
    unknown = set(spec.devices) - _DEVICES
    if unknown or "cpu" not in spec.devices:
        raise Broken(
            f"its devices are {', '.join(spec.devices) or 'none'}", "name those of cpu, cuda and mps that it was tried on, cpu first"
        )


@check("component.has-an-example", "an example or a recipe shows its parameters", level="advice")
def has_an_example(subject: ComponentSubject) -> None:
    spec = subject.entry.spec
    if not isinstance(subject, TriedSubject) or not isinstance(spec, Spec) or not keywords(load_target(subject.entry)):
        raise NotApplicable("it has no parameters to show")
    if not spec.example and not subject.situation.words.startswith("recipe "):
        raise Broken("it is tried with its defaults alone", "give the spec an example, or use it in a recipe")


@check("recipe.has-reported-figures", "a table has the figures that its paper reports", level="advice")
def has_reported_figures(subject: ComponentSubject) -> None:
    recipe = subject.entry.spec
    assert isinstance(recipe, Recipe)
    if not recipe.implements:
        raise NotApplicable("it is not a paper's method, by its implements")
    cells = (cell for entry in registry().entries("table") if isinstance(entry.spec, Table) for cell in entry.spec.cells)
    names = (subject.id, recipe.name)
    if not any(cell.recipe in names and cell.reported is not None for cell in cells):
        raise Broken("no table reports a figure of it", "offer the paper's table by medai_tables")
