"""What the runs of a table stand on, looked at before any is made: a folder that cannot be used costs no training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from medai._engine.apply import of_groups, on_other_data
from medai._engine.configure import chosen_data
from medai._engine.data import SlotData, open_slots
from medai._engine.split import share_out
from medai._reproduce.plan import Job
from medai.api import Recipe
from medai.errors import MedaiError


def faults_of(jobs: Iterable[Job]) -> dict[str, MedaiError]:
    """Why runs cannot be made or measured, by key: data that cannot be opened or split, or lack the groups that count. Only a user's
    folders are looked at, each once, and no pixels are read."""
    seen = _Seen()
    found = ((job.key, seen.fault(job)) for job in jobs if not job.embedded)
    return {key: fault for key, fault in found if fault is not None}


@dataclass
class _Seen:
    """What was opened already, or why it could not be, by what it is."""

    opened: dict[str, Sequence[SlotData] | MedaiError] = field(default_factory=dict)

    def fault(self, job: Job) -> MedaiError | None:
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
