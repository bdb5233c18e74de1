"""What a plugin declares itself with: specs, recipes, tables and hook implementations.

Everything here is light: frozen, keyword-only records of the standard library. A spec names its component by a target string
(`"package.module:Name"`), which is imported when the component is used and not before.
"""

from typing import TYPE_CHECKING

from medai._deprecated import old_names
from medai.api._build import build, open_run, predictor, run, task
from medai.api._hooks import hookimpl
from medai.api._recipes import Protocol, Recipe, RunRef, Slot, Split, Train, Use, run_of, use
from medai.api._specs import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Spec, TaskSpec
from medai.api._tables import Cell, Chart, Claim, Reported, Spread, Table, read_reported

__all__ = [
    "Cell",
    "Chart",
    "Claim",
    "DatasetSpec",
    "ExporterSpec",
    "LossSpec",
    "MetricSpec",
    "ModelSpec",
    "Protocol",
    "Recipe",
    "Reported",
    "RunRef",
    "Slot",
    "Spec",
    "Split",
    "Spread",
    "Table",
    "TaskSpec",
    "Train",
    "Use",
    "build",
    "hookimpl",
    "open_run",
    "predictor",
    "read_reported",
    "run",
    "run_of",
    "task",
    "use",
]

if not TYPE_CHECKING:  # type checkers would let every name pass
    __getattr__ = old_names(__name__)
