"""Checks of what a plugin's hooks return."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from medai._discovery.records import Record
from medai.api import Cell, Chart, Claim, MetricSpec, Protocol, Recipe, Slot, Spec, Table, Train, Use

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VERSION = re.compile(r"\d+(\.\d+)*")
_DOTTED = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"
_TARGET = re.compile(f"{_DOTTED}:{_DOTTED}", re.ASCII)
_TEXTS = ("task", "license", "source")
_RECORDS: Mapping[str, type] = {"model": Use, "protocol": Protocol, "loss": Use, "train": Train}
_OPTIONAL = ("loss", "train")
_MAPPINGS: Mapping[str, type] = {"data": Slot, "upstream": str, "scales": Mapping, "protocols": Mapping}
_LISTS = ("inputs", "implements", "needs", "devices")


class ContractError(Exception):
    """A plugin breaks the contract; the message says how."""


def checked(hook: str, kind: str, wanted: type[Record], offered: object) -> tuple[Record, ...]:
    """The records that a hook gave, if each is sound and no name stands twice.

    Raises:
        ContractError: they are not.
    """
    if not isinstance(offered, Sequence) or isinstance(offered, str):
        raise ContractError(f"{hook} gave {type(offered).__name__}: a sequence of {wanted.__name__} is wanted")
    names = set()
    for record in offered:
        if not isinstance(record, wanted):
            raise ContractError(f"{hook} gave a {type(record).__name__}: a {wanted.__name__} is wanted")
        for fault in _faults(record):
            raise ContractError(f"{kind} {record.name!r}: {fault}")
        for name in (record.name, *getattr(record, "former_names", {})):
            if name in names:
                raise ContractError(f"{hook} gives the id {name!r} twice")
            names.add(name)
    return tuple(offered)


def _faults(record: Record) -> Iterator[str]:
    if not isinstance(record.name, str) or not _NAME.fullmatch(record.name):
        yield "the name is not lower-case words joined by hyphens"
    for field in _TEXTS:
        if not isinstance(getattr(record, field, ""), str):
            yield f"{field} is no string"
    for field in _LISTS:
        if not _all(getattr(record, field, ()), str):
            yield f"{field} is no tuple of strings"
    if not _maps(getattr(record, "known_failures", {}), str):
        yield "known_failures does not map names of checks to reasons"
    former = getattr(record, "former_names", {})
    if not _maps(former, str) or not all(_NAME.fullmatch(name) and _VERSION.fullmatch(version) for name, version in former.items()):
        yield "former_names does not map names to versions"
    if isinstance(record, Spec):
        yield from _spec_faults(record)
    elif isinstance(record, Recipe):
        yield from _recipe_faults(record)
    else:
        yield from table_faults(record)


def _spec_faults(spec: Spec) -> Iterator[str]:
    if not isinstance(spec.target, str) or not _TARGET.fullmatch(spec.target):
        yield f"the target {spec.target!r} is not of the form 'package.module:Name'"
    if not _line(spec.summary):
        yield "the summary is not one line of text"
    if not isinstance(spec.example, Mapping) or not all(isinstance(key, str) for key in spec.example):
        yield "example does not map names of parameters to values"
    measured = ("predictions", "model", "training") if isinstance(spec, MetricSpec) else ("predictions", "model")
    if getattr(spec, "of", "model") not in measured:
        yield f"`of` is none of {', '.join(map(repr, measured))}"


def _recipe_faults(recipe: Recipe) -> Iterator[str]:
    if not recipe.task:
        yield "no task is named"
    if recipe.summary != "" and not _line(recipe.summary):
        yield "the summary is not one line of text"
    for field, wanted in _RECORDS.items():
        value = getattr(recipe, field)
        if not isinstance(value, wanted) and (value is not None or field not in _OPTIONAL):
            yield f"{field} is no {wanted.__name__}"
    for field in ("views", "baselines"):
        if not _all(getattr(recipe, field), Use):
            yield f"{field} is no tuple of Use"
    if not recipe.data:
        yield "data has no Slot"
    for field, wanted in _MAPPINGS.items():
        if not _maps(getattr(recipe, field), wanted):
            yield f"{field} does not map names to {wanted.__name__}"


def table_faults(table: Table) -> Iterator[str]:
    """What is wrong with a table, in words."""
    if not _line(table.title):
        yield "the title is not one line of text"
    if not table.task:
        yield "no task is named"
    if not _maps(table.data, Slot):
        yield "data does not map names to Slot"
    if not _all(table.charts, Chart):
        yield "charts is no tuple of Chart"
    if not _all(table.cells, Cell):
        yield "cells is no tuple of Cell"
        return
    for cell in table.cells:
        if not cell.recipe or not cell.metric:
            yield f"the cell {cell.row!r}, {cell.column!r} names no recipe or no metric"
        if isinstance(cell.reported, bool) or not isinstance(cell.reported, int | float | None):
            yield f"the cell {cell.row!r}, {cell.column!r} reports neither a number nor None"
    if not _all(table.claims, Claim):
        yield "claims is no tuple of Claim"
        return
    rows, columns = {cell.row for cell in table.cells}, {cell.column for cell in table.cells}
    for claim in table.claims:
        if claim.column not in columns:
            yield f"the claim {claim.text!r} is about a column {claim.column!r}, which no cell has"
        if unknown := [row for pair in claim.pairs for row in pair if row not in rows]:
            yield f"the claim {claim.text!r} names a row {unknown[0]!r}, which no cell has"


def _line(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip()) and "\n" not in text


def _all(values: object, wanted: type) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, wanted) for value in values)


def _maps(values: object, wanted: type) -> bool:
    return isinstance(values, Mapping) and all(isinstance(key, str) and isinstance(value, wanted) for key, value in values.items())
