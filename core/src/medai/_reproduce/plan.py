"""From a table's cells to the runs that measure them: a run for each method on each data, however many cells it fills."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from medai._discovery import registry
from medai._engine.configure import (
    PAPER,
    Configuration,
    Request,
    configure,
    folder_of,
    innermost,
    on_stub,
    root_of,
    with_root,
)
from medai._engine.document import canonical
from medai._reproduce.asked import check_names
from medai._reproduce.order import Guest, Order
from medai._results.folder import safe_name
from medai._words import listed, nearest
from medai.api import Cell, MetricSpec, Recipe, Slot, Table, Use
from medai.errors import MedaiError, UsageError

_LABELS = ("name", "summary", "scales", "protocols", "implements", "source", "license", "known_failures", "former_names")
"""Keys of a recipe that change nothing of what it measures."""


@dataclass(frozen=True)
class Part:
    """What a run is measured on: one of the table's data (empty: the run's own), or some groups of it (empty: all); `whole`: not its test
    part alone; `digest`: of the dataset behind those data, which is another one with another folder."""

    data: str = ""
    groups: tuple[str, ...] = ()
    whole: bool = False
    digest: str = ""

    @property
    def own(self) -> bool:
        """Whether it is what the run itself has measured."""
        return not self.data and not self.groups

    @property
    def folder(self) -> str:
        """The folder of its evaluation, within the run's."""
        return safe_name("-".join(filter(None, (self.data or "own", *self.groups, self.digest))))


@dataclass
class Job:
    """A run, and all that it is measured on.

    Attributes:
        key: the name of its folder: what it is, and a digest of all that decides its figures.
        title: for a person.
        configuration: resolved.
        seed: of weights, order and every case.
        parts: a dataset for each slot, of each part that is not the run's own data.
        data: the table's data that it stands on, by name.
        embedded: whether its data came with the plugin.
    """

    key: str
    title: str
    data: str
    configuration: Configuration
    seed: int
    parts: dict[Part, Mapping[str, Use]] = field(default_factory=dict)
    embedded: bool = True


@dataclass
class Planned:
    """A cell and what measures it.

    Attributes:
        cell: as printed; a guest's has no reported figure.
        jobs: for each seed the keys of the runs that are averaged, each with the part.
        model: for a figure of the model itself, what configures it.
        failure: why it cannot be measured.
        guest: it is a row of the user's own.
    """

    cell: Cell
    jobs: list[list[tuple[str, Part]]] = field(default_factory=list)
    model: Configuration | None = None
    failure: str = ""
    guest: bool = False


@dataclass
class Plan:
    """A table's cells and the runs that they need.

    Attributes:
        id: of the table.
        table: as declared.
        order: what was asked for.
        scale: of the runs.
        cells: in the order of the table.
        jobs: by key.
        remarks: what else must be known of the table as it was rebuilt.
    """

    id: str
    table: Table
    order: Order
    scale: str
    protocol: str
    cells: list[Planned] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def plan(order: Order, root: Path) -> Plan:
    """Plan a table. `root` is where stub data are written, if they are asked for.

    Raises:
        UsageError: there is no such table, row, data, scale or protocol; the nearest names are given.
    """
    entry = registry().find("table", order.table)
    table = entry.spec
    assert isinstance(table, Table)
    check_names(order, table)
    filled = order.data or order.stub
    scale = order.scale or (PAPER if order.data else "quick")
    result = Plan(entry.id, table, order, scale, table.protocol if order.protocol is None else order.protocol)
    planner = _Planner(result, _slots(order, table, root), bool(filled), root)
    for cell in table.cells:
        if not order.rows or cell.row in order.rows:
            result.cells.append(planner.planned(cell, None))
    for guest in order.guests:
        for cell in _guest_cells(table, guest):
            result.cells.append(planner.planned(cell, guest))
    return result


def _slots(order: Order, table: Table, root: Path) -> dict[str, Slot]:
    """The table's data: with the user's folders, on stub data, or embedded."""
    if order.stub:
        return _on_stubs(table, root)
    filled = {}
    for name, slot in table.data.items():
        given = order.data.get(name, order.data.get(name.partition(":")[0]))
        filled[name] = slot if given is None else replace(slot, folder=folder_of(slot, given))
    return filled


def _on_stubs(table: Table, root: Path) -> dict[str, Slot]:
    filled: dict[str, Slot] = {}
    for name, slot in table.data.items():
        filled[name] = _on_stub(slot, root / safe_name(name.partition(":")[0]))
    return filled


def _on_stub(slot: Slot, place: Path) -> Slot:
    """The slot on stub data, which are written once: of another folder a run would be another run."""
    if not place.exists():
        # Under another name until they are whole: stub data that were cut off would stand for ever.
        making = place.with_name(f".{place.name}")
        shutil.rmtree(making, ignore_errors=True)
        on_stub(slot.folder, making)
        making.rename(place)
    return replace(slot, folder=with_root(slot.folder, str(place)))


class _Planner:
    def __init__(self, plan: Plan, slots: Mapping[str, Slot], filled: bool, root: Path) -> None:
        self._plan, self._slots, self._filled, self._root = plan, slots, filled, root

    def planned(self, cell: Cell, guest: Guest | None) -> Planned:
        result = Planned(cell, guest=guest is not None)
        try:
            if self._of_model(cell):
                if guest is None or guest.trained:
                    # Nothing is trained for it, so that it is of the paper's model at every scale.
                    result.model = self._configuration(cell, cell.data, guest, scale=PAPER)
                else:
                    result.failure = "images that another program predicted say nothing of its network"
                return result
            for seed in self._plan.order.seeds:
                result.jobs.append([self._job(cell, data, seed, guest) for data in (cell.data, *cell.averaged_with)])
        except MedaiError as error:
            result.failure = str(error)
        return result

    def _of_model(self, cell: Cell) -> bool:
        plugin = self._plan.id.split("/")[0]
        found = [entry.spec for entry in registry().entries("metric") if entry.id in (cell.metric, f"{plugin}/{cell.metric}")]
        return any(isinstance(spec, MetricSpec) and spec.of == "model" for spec in found)

    def _configuration(
        self, cell: Cell, data: Mapping[str, str], guest: Guest | None, place: str = "", *, scale: str = ""
    ) -> Configuration:
        id = registry().find("recipe", cell.recipe).id
        recipe = registry().find("recipe", id).spec
        assert isinstance(recipe, Recipe)
        scale = scale or self._plan.scale
        if scale != PAPER and scale not in recipe.scales:
            if recipe.train is not None:
                raise UsageError(f"{id} has no scale {scale!r}{nearest(scale, [PAPER, *recipe.scales])}")
            scale = PAPER
        protocol = self._plan.protocol if self._plan.protocol in recipe.protocols else ""
        if self._plan.protocol and not protocol:
            raise UsageError(f"{id} has no protocol {self._plan.protocol!r}{nearest(self._plan.protocol, recipe.protocols)}")
        slots = {name: self._slot(value, recipe.data.get(name)) for name, value in data.items()}
        if self._plan.order.stub and not data:
            slots = {name: _on_stub(slot, self._root / safe_name(f"{id}-{name}")) for name, slot in recipe.data.items()}
        loose = {} if data else {name: path for name, path in self._plan.order.data.items() if name in recipe.data}
        request = Request(
            id,
            scale=scale,
            protocol=protocol,
            slots=slots,
            stub=self._plan.order.stub,
            data=tuple(f"{name}={path}" for name, path in loose.items()),
            # Baselines have rows of their own: no run measures them beside itself.
            overrides={"baselines": [], **cell.overrides},
        )
        return _as_guest(configure(request), guest, place)

    def _is_printed(self, cell: Cell, data: Mapping[str, str]) -> bool:
        """Whether the data are those that the table is printed of, so that their groups bear the names that it gives."""
        if self._plan.order.stub or not self._filled:
            return False
        names = [cell.test] if cell.test else list(data.values())
        used = [(self._slots[name], self._plan.table.data[name]) for name in names if name in self._slots]
        return all(innermost(ours.folder).id == innermost(printed.folder).id for ours, printed in used)

    def _slot(self, name: str, own: Slot | None) -> Slot:
        if name in self._slots:
            slot = self._slots[name]
            if self._filled and not _has_root(slot):
                stem = name.partition(":")[0]
                raise UsageError(f"no folder was given for {stem}: --data {stem}=PATH (embedded data are not mixed with a user's)")
            return slot
        return Slot(folder=Use(registry().find("dataset", name).id), embedded=None if own is None else own.embedded)

    def _job(self, cell: Cell, data: Mapping[str, str], seed: int, guest: Guest | None) -> tuple[str, Part]:
        tested = self._slot(cell.test, None) if cell.test else None
        used = None if tested is None else _use(tested, filled=self._filled)
        part = Part(
            cell.test,
            cell.groups if self._is_printed(cell, data) else (),
            tested is not None and tested.roles == ("test",),
            "" if used is None else _digest_of(canonical(used)),
        )
        name = cell.test or next(iter(data.values()), "")
        configuration = self._configuration(cell, data, guest, name)
        chosen = f"{listed(data.values())}" if data else ""
        key = "-".join(
            filter(None, (safe_name(guest.name if guest else cell.recipe), safe_name(chosen), f"s{seed}", _digest(configuration, seed)))
        )
        # A recipe may stand in several rows, each with something of its own.
        row = f": {cell.row}" if cell.overrides and guest is None else ""
        title = f"{guest.name if guest else configuration.id}{f' on {chosen}' if chosen else ''}, seed {seed}{row}"
        job = self._plan.jobs.setdefault(key, Job(key, title, chosen, configuration, seed, embedded=not self._filled))
        if not part.own:
            job.parts[part] = {} if used is None else dict.fromkeys(_tested(configuration.recipe), used)
        return key, part


def _as_guest(configuration: Configuration, guest: Guest | None, place: str) -> Configuration:
    """The recipe with the guest's model; without training where its answers are there already."""
    if guest is None:
        return configuration
    model = guest.model
    if guest.folder is not None and place and (guest.folder / safe_name(place)).is_dir():
        model = replace(model, params={**model.params, "folder": str(guest.folder / safe_name(place))})
    recipe = replace(configuration.recipe, model=model, summary=f"{guest.name}, by whoever runs this", upstream={})
    if not guest.trained:
        recipe = replace(recipe, train=None, loss=None)
    # Resolved anew, so that its record shows the guest's model and no departure of a recipe that it is not.
    resolved = configure(Request(replace(recipe, name=safe_name(guest.name).lower()), scale=PAPER))
    return replace(resolved, scale=configuration.scale, origins=configuration.origins)


def _guest_cells(table: Table, guest: Guest) -> Iterator[Cell]:
    """The cells of the row that the guest is to stand beside, without its reported figures."""
    recipe = table.guest or next((cell.recipe for cell in table.cells if _learns(cell.recipe)), table.cells[0].recipe)
    seen: set[str] = set()
    shared = _shared_overrides(table)
    for cell in table.cells:
        if cell.recipe == recipe and cell.column not in seen:
            seen.add(cell.column)
            if not guest.trained and cell.test:
                # Whatever it was trained on, its images are of the test part: there is no run on other data behind them.
                cell = replace(cell, data=dict.fromkeys(cell.data, cell.test), test="")
            yield replace(cell, row=guest.name, reported=None, spread=None, note="", incomparable="", overrides=shared)


def _shared_overrides(table: Table) -> dict[str, object]:
    """What every cell of the table is run with alike, such as the views of its data, and that is no matter of the model or its loss."""
    first = table.cells[0].overrides
    alike = {path: value for path, value in first.items() if all(cell.overrides.get(path) == value for cell in table.cells)}
    return {path: value for path, value in alike.items() if path.partition(".")[0] not in ("model", "loss")}


def _learns(id: str) -> bool:
    return getattr(registry().find("recipe", id).spec, "train", None) is not None


def _digest(configuration: Configuration, seed: int) -> str:
    document = {key: value for key, value in canonical(configuration.recipe).items() if key not in _LABELS}
    return _digest_of([document, seed])


def _digest_of(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:8]


def _has_root(slot: Slot) -> bool:
    return root_of(slot.folder) is not None


def _use(slot: Slot, *, filled: bool) -> Use:
    if filled:
        return slot.folder
    if slot.embedded is None:
        raise UsageError("it has no embedded data: give a folder")
    return slot.embedded


def _tested(recipe: Recipe) -> Sequence[str]:
    """The slots that a test part may come from."""
    return [name for name, slot in recipe.data.items() if "test" in slot.roles]
