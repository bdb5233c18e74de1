"""What the runs of a table stand on, looked at before any is made: a folder that cannot be used costs no training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from medai._engine.apply import of_groups, on_other_data
from medai._engine.configure import chosen_data, root_of
from medai._engine.data import SlotData, open_slots
from medai._engine.split import share_out
from medai._reproduce.jobs import folder_of, is_finished
from medai._reproduce.plan import Job
from medai._words import listed
from medai.api import Recipe
from medai.errors import MedaiError


@dataclass
class Look:
    """A look at a user's folders, each once; no pixels are read. `opened` is what was seen, or why it could not be, by what it is."""

    opened: dict[str, Sequence[SlotData] | MedaiError] = field(default_factory=dict)

    def faults(self, jobs: Iterable[Job]) -> dict[str, MedaiError]:
        """Why runs cannot be made or measured, by key: data that cannot be opened or split, or lack the groups that count."""
        found = ((job.key, self._fault(job)) for job in jobs if not job.embedded)
        return {key: fault for key, fault in found if fault is not None}

    def changed(self, jobs: Iterable[Job], root: Path) -> dict[str, str]:
        """Of runs that are made, those whose folder holds other files now, by key, with that folder; one that is gone is no other."""
        found = {}
        for job in jobs:
            run = folder_of(root, job.key)
            if job.embedded or job.configuration.recipe.upstream or not is_finished(run):
                continue
            with suppress(MedaiError):
                recorded = run.read_record()["data"]
                slots = self._slots(job.configuration.recipe)
                now = {slot.name: slot.as_record()["fingerprint"] for slot in slots}
                if any(recorded[name]["fingerprint"] != value for name, value in now.items() if name in recorded):
                    found[job.key] = listed(sorted({str(root_of(slot.use)) for slot in slots}))
        return found

    def _fault(self, job: Job) -> MedaiError | None:
        recipe = job.configuration.recipe
        try:
            self._look(recipe, ())
            for part, slots in job.parts.items():
                self._look(on_other_data(recipe, slots), part.groups)
        except MedaiError as error:
            return error
        return None

    def _look(self, recipe: Recipe, groups: Sequence[str]) -> None:
        slots = self._slots(recipe)
        members = [member for slot in slots for member in slot.members()]
        roles = share_out(members, recipe.protocol.split, learns=recipe.train is not None)
        if groups:
            of_groups(slots, roles, groups)

    def _slots(self, recipe: Recipe) -> Sequence[SlotData]:
        key = repr((chosen_data(recipe), recipe.views))
        if key not in self.opened:
            try:
                # Views of a recipe with stages may need the run of another stage.
                self.opened[key] = open_slots(replace(recipe, views=()) if recipe.upstream else recipe, {})
            except MedaiError as error:
                self.opened[key] = error
        found = self.opened[key]
        if isinstance(found, MedaiError):
            raise found
        return found
