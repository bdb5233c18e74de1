"""A dataset as its checks get it."""

from __future__ import annotations

import functools
from typing import Any

from medai.api import Spec
from medai.errors import DataError, MedaiError
from medai.tasks import Case, Dataset, Sample
from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.subjects.component import ComponentSubject
from medai_sdk.contract.subjects.data import Opened, is_view, read, read_seeded, some, ways
from medai_sdk.contract.trials.comparing import differs
from medai_sdk.contract.watching.distribution import own_frame, own_roots

_MEND = "let it be built with these parameters, list its cases and read the first, or raise DataError where the data are at fault"


class DatasetSubject(ComponentSubject):
    """A dataset, or a view over another."""

    _found: tuple[Opened, ...] | Broken | None = None

    def prepare(self) -> tuple[Opened, ...]:
        """Every way in which it can be opened, has cases, and gives the first of them.

        Raises:
            Broken: there is none, or one fails with more than a refusal of what it stands over.
        """
        if self._found is None:
            try:
                self._found = self._every_way()
            except Broken as error:
                self._found = error
            except MedaiError as error:
                self._found = Broken(str(error))
        if isinstance(self._found, Broken):
            raise self._found
        return self._found

    def try_out(self) -> None:
        """As `prepare`."""
        self.prepare()

    @property
    def ways(self) -> tuple[Opened, ...]:
        """Every way in which it can be opened.

        Raises:
            NotApplicable: there is none; `dataset.can-be-opened` says why.
        """
        try:
            return self.prepare()
        except Broken as error:
            raise NotApplicable("it could not be opened: see dataset.can-be-opened") from error

    @property
    def folders(self) -> tuple[Opened, ...]:
        """The ways with a folder of stub data.

        Raises:
            NotApplicable: it reads no folder, as its parameters say.
        """
        found = tuple(way for way in self.ways if way.root is not None)
        if not found:
            raise NotApplicable("it has no parameter root, so it reads no files")
        return found

    @property
    def views(self) -> tuple[Opened, ...]:
        """The ways with a source.

        Raises:
            NotApplicable: it is no view, as its first parameter says.
        """
        if not is_view(self.target):
            raise NotApplicable("its first parameter is not source, so it is no view")
        return self.ways

    @property
    def own(self) -> tuple[Opened, ...]:
        """The ways without a source.

        Raises:
            NotApplicable: it is a view, as its first parameter says.
        """
        if is_view(self.target):
            raise NotApplicable("a view has the cases that its source has")
        return self.ways

    @functools.cached_property
    def samples(self) -> tuple[tuple[Opened, Case, Sample[Any, Any]], ...]:
        """A few cases of every way, read once for all checks that look at samples alone.

        Raises:
            NotApplicable: as `ways`.
        """
        opened = [(way, way.fresh()) for way in self.ways]
        return tuple((way, case, read(dataset, case)) for way, dataset in opened for case in some(dataset.cases()))

    @functools.cached_property
    def unlike(self) -> dict[str, str]:
        """Where readings of fresh instances differ, all else alike, by the way's words; of a way that reads the same twice, nothing.

        Raises:
            NotApplicable: as `ways`.
        """
        found = {}
        for way in self.ways:
            cases = some(way.fresh().cases(), 2)
            places = (differs(*(read_seeded(way.fresh(), case) for _ in range(2))) for case in cases)
            found[way.words] = next(filter(None, places), "")
        return found

    @property
    def repeatable(self) -> tuple[Opened, ...]:
        """The ways that read the same twice; of others, nothing more can be seen.

        Raises:
            NotApplicable: there is none.
        """
        found = tuple(way for way in self.ways if not self.unlike[way.words])
        if not found:
            raise NotApplicable("it does not read the same twice: see dataset.reads-the-same-by-the-same-rng")
        return found

    def _every_way(self) -> tuple[Opened, ...]:
        found: list[Opened] = []
        refused: list[str] = []
        failed: list[Broken] = []
        for way in ways(self.entry, self.fresh_folder):
            try:
                self._try(way)
            except DataError as error:
                if way.source is None:
                    raise Broken(f"{way.words}: {type(error).__name__}: {error}") from error
                # A view may well refuse what it is not made for.
                refused.append(f"{way.words}: {error}")
            except Broken:
                raise
            except (Exception, SystemExit) as error:
                if way.optional:
                    continue
                failed.append(self._fault(way, error))
                if not way.planes:
                    raise failed[-1] from error
            else:
                found.append(way)
        # What takes volumes alone fails over every plane, as what takes planes alone may fail over every volume.
        if failed and (not found or any(way.planes for way in found)):
            raise failed[0]
        if not found:
            told = "; ".join(refused) or "there are no stub data of its task and inputs, and no recipe that has it"
            raise Broken(told, "name its task and inputs in the spec, or give the spec an example, or add a recipe that has it")
        return tuple(found)

    def _fault(self, way: Opened, error: BaseException) -> Broken:
        told = f"{way.words}: {type(error).__name__}: {error}"
        if not isinstance(error, MedaiError):
            told += f", in {own_frame(error, own_roots(self.target.__module__, self.entry.plugin.distribution))}"
        unsaid = way.source is not None and isinstance(self.entry.spec, Spec) and not self.entry.spec.task
        return Broken(told, "name in its spec the task and the inputs that it takes" if unsaid else _MEND)

    def _try(self, way: Opened) -> None:
        dataset: Dataset[Any, Any] = way.fresh()
        cases = dataset.cases()
        if not cases:
            raise Broken(f"{way.words}: it has no case")
        read(dataset, cases[0])
