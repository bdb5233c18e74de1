"""The test inputs of a table as files, so that any other program can predict them: `medai reproduce TABLE --cases FOLDER`."""

from __future__ import annotations

from pathlib import Path

from medai._engine.data import open_slots, part
from medai._engine.feed import CaseFeed, Quarantine
from medai._engine.listener import Listener
from medai._engine.models import build_task
from medai._engine.split import NO_PART, share_out
from medai._reproduce.order import Order
from medai._reproduce.plan import plan
from medai._results.folder import safe_name
from medai.errors import UsageError
from medai.io import write_csv
from medai.tasks import Image


def write_cases(order: Order, folder: Path, root: Path, listener: Listener) -> list[Path]:
    """Write for each of the table's data `FOLDER/NAME/split.csv` (the part of every case) and the test inputs, called as `--with
    NAME=FOLDER` wants the predictions; the folders.

    Raises:
        UsageError: the task's input is no image.
        DataError: the data cannot be read.
    """
    planned = plan(order, order.stub_folder(root))
    written: dict[str, Path] = {}
    for job in planned.jobs.values():
        recipe, name = job.configuration.recipe, job.data or "test"
        if name in written:
            continue
        task, slots = build_task(recipe.task), open_slots(recipe, {})
        roles = share_out([member for slot in slots for member in slot.members()], recipe.protocol.split, learns=recipe.train is not None)
        place = written[name] = folder / safe_name(name)
        listener.stage(f"{name}: {sum(role == 'test' for role in roles.values())} test cases in {place}")
        rows = [
            {"case": member.case.id, "file": safe_name(member.case.id), "group": member.case.group, "part": roles[member.key]}
            for slot in slots
            for member in slot.members()
            if roles[member.key] not in NO_PART
        ]
        feed = CaseFeed(part(slots, roles, "test"), task, part="test", seed=0, workers=0, quarantine=Quarantine(0.1))
        for sample in feed.samples():
            if not isinstance(sample.inputs, Image):
                raise UsageError(f"the input of {recipe.task} here is no image: there is no file to write it to")
            task.save(sample.inputs, sample, place / safe_name(sample.case.id))
        write_csv(place / "split.csv", ("case", "file", "group", "part"), rows)
    return list(written.values())
