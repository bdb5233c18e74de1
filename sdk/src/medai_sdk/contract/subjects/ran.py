"""A recipe as its checks get it: run on stub data, as `medai run --stub` runs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medai._discovery import Entry
from medai._engine.configure import Configuration, Request, configure
from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._engine.run import start
from medai._results.folder import RunFolder
from medai.api import Recipe
from medai.errors import EnvironmentFault
from medai_sdk.contract.check import NotApplicable
from medai_sdk.contract.subjects.component import ComponentSubject
from medai_sdk.contract.subjects.parts import parts_of
from medai_sdk.contract.watching.watch import Watch


@dataclass(frozen=True)
class Ran:
    """A finished run on stub data.

    Attributes:
        folder: the run folder.
        configuration: what was run.
        summary: what `summary.json` holds.
    """

    folder: RunFolder
    configuration: Configuration
    summary: dict[str, Any]

    @classmethod
    def of(cls, id: str, root: Path, *, report: bool = True) -> Ran:
        """Run a recipe in an empty folder: a few steps, on the CPU; with its report, or for the figures alone."""
        folder = RunFolder(root)
        configuration = configure(Request(id, stub=True), stub_root=folder.stub)
        options = Options(device="cpu", workers=0)
        return cls(folder, configuration, start(configuration, options, folder, Listener(), report=report))


class RecipeSubject(ComponentSubject):
    """A recipe."""

    def __init__(self, entry: Entry, folder: Path, watch: Watch) -> None:
        super().__init__(entry, folder, watch)
        self._ran: Ran | BaseException | None = None

    @property
    def recipe(self) -> Recipe:
        """The recipe itself."""
        assert isinstance(self.entry.spec, Recipe)
        return self.entry.spec

    def run(self) -> Ran:
        """Its run on stub data; it is run once.

        Raises:
            NotApplicable: a component that it names needs what this machine lacks, and its spec says so.
            Exception: as it failed, the same each time.
        """
        if self._ran is None:
            try:
                self._ran = Ran.of(self.id, self.fresh_folder("run"))
            except EnvironmentFault as error:
                # As for a component: what its plugin says to be needed may be lacking on this machine.
                needing = any(getattr(part.entry().spec, "needs", ()) for part in parts_of(self.recipe))
                self._ran = NotApplicable(str(error)) if needing else error
            except (Exception, SystemExit) as error:
                self._ran = error
        if isinstance(self._ran, BaseException):
            raise self._ran
        return self._ran

    def finished(self) -> Ran:
        """Its run on stub data.

        Raises:
            NotApplicable: it does not run; `recipe.runs-on-stub-data` says why.
        """
        try:
            return self.run()
        except NotApplicable:
            raise
        except (Exception, SystemExit) as error:
            raise NotApplicable("it does not run: see recipe.runs-on-stub-data") from error

    def try_out(self) -> None:
        """Raise unless it runs."""
        self.run()
