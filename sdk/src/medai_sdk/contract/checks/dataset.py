"""Checks of a dataset: how it is opened, its stub data, and folders that are not as they should be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medai._engine.data import fingerprint
from medai.errors import DataError
from medai.tasks import Case, Dataset
from medai_sdk.contract.check import Broken, check
from medai_sdk.contract.isolation.read_elsewhere import look_there
from medai_sdk.contract.subjects.data import SEED, STUBS, Opened, read
from medai_sdk.contract.subjects.datasets import DatasetSubject
from medai_sdk.contract.trials.comparing import differs
from medai_sdk.contract.watching.chance import seed_all

_FEW = 3
_MOST_DAMAGED = 6
_STRAYS = (".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._0001")


@check("dataset.can-be-opened", "on its stub data, as it is, or over stub data, it has cases and reads the first")
def can_be_opened(subject: DatasetSubject) -> None:
    subject.prepare()


@check("dataset.stub-is-repeatable", "the same seed writes the same stub data, byte for byte, and another seed others")
def stub_is_repeatable(subject: DatasetSubject) -> None:
    subject.folders  # noqa: B018  of data without a folder it does not apply
    written = []
    for seed, chance in ((SEED, 1), (SEED, 2), (SEED + 1, 1)):
        root = subject.fresh_folder("again")
        seed_all(chance)
        subject.target.write_stub(root, _FEW, seed)
        written.append({path.relative_to(root).as_posix(): path.read_bytes() for path in files_in(root)})
    first, second, other = written
    if first != second:
        different = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
        raise Broken(
            f"two stubs of seed {SEED} differ in {', '.join(different[:3])}",
            "draw everything from np.random.default_rng(seed), and write no time, no path and no fresh identifier",
        )
    if first == other:
        raise Broken("another seed writes the same stub data", "draw what is in them from np.random.default_rng(seed)")


@check("dataset.stub-is-as-large-as-asked", "write_stub(root, n, seed) fakes n cases or more, one too")
def stub_is_as_large_as_asked(subject: DatasetSubject) -> None:
    for way in subject.folders:
        for wanted in (1, STUBS):
            root = way.root if wanted == STUBS else subject.fresh_folder("one")
            assert root is not None
            if wanted != STUBS:
                subject.target.write_stub(root, wanted, SEED)
            found = len(way.fresh(root=root).cases())
            if found < wanted:
                raise Broken(f"{way.words}: of a stub of {wanted} cases it reads {found}")


@check(
    "dataset.fingerprint-is-stable",
    "ids and fingerprint are the same wherever the folder stands, in another process, and when cases have been read",
)
def fingerprint_is_stable(subject: DatasetSubject) -> None:
    for way in subject.own:
        here = list(way.fresh().cases())
        mark = fingerprint(way.use, here)
        if way.root is not None:
            moved = shutil.copytree(way.root, subject.fresh_folder("moved") / "elsewhere" / way.root.name)
            _require_alike(way, "in another place", here, list(way.fresh(root=moved).cases()))
        there, cases = look_there(way.use)
        _require_alike(way, "in another process", here, cases)
        if there != mark:
            raise Broken(f"{way.words}: its fingerprint is {mark}, in another process {there}", "change no file when it is opened")
        if way.root is not None:
            _require_untouched(subject, way)


@check("dataset.refuses-a-folder-without-data", "a folder that is empty or missing gives DataError, which names it")
def refuses_a_folder_without_data(subject: DatasetSubject) -> None:
    for way in subject.folders:
        empty = subject.fresh_folder("empty")
        for root, said in ((empty, "an empty folder"), (empty / "gone", "a missing folder")):
            try:
                found = way.fresh(root=root).cases()
            except DataError as error:
                if root.name not in str(error):
                    raise Broken(f"{said} gives DataError without its name: {error}", "give the folder: DataError(reason, root)") from error
            except (Exception, SystemExit) as error:
                raise Broken(f"{said} gives {type(error).__name__}: {error}", "raise DataError(reason, root)") from error
            else:
                raise Broken(f"{said} gives {len(found)} cases and no error", "raise DataError(reason, root) in the constructor")


@check("dataset.survives-a-damaged-file", "a file that is cut short gives DataError, which names it, for its cases or for the whole")
def survives_a_damaged_file(subject: DatasetSubject) -> None:
    for way in subject.folders[:1]:
        assert way.root is not None
        whole = _all_read(way.fresh())
        for path in _chosen(way.root):
            root = subject.fresh_folder("damaged") / way.root.name
            shutil.copytree(way.root, root)
            damaged = root / path.relative_to(way.root)
            content = damaged.read_bytes()
            damaged.write_bytes(content[: len(content) // 2])
            _try_damaged(way, root, damaged, binary=b"\0" in content, whole=whole)


@check("dataset.passes-over-stray-files", "files that systems leave behind, such as .DS_Store, make no case", level="advice")
def passes_over_stray_files(subject: DatasetSubject) -> None:
    for way in subject.folders[:1]:
        assert way.root is not None
        root = subject.fresh_folder("strays") / way.root.name
        shutil.copytree(way.root, root)
        for folder in {path.parent for path in files_in(root)}:
            for name in _STRAYS:
                stray = folder / name
                stray.parent.mkdir(exist_ok=True)
                stray.write_bytes(b"\0\0\0\1Bud1")
        before, after = len(way.fresh().cases()), len(way.fresh(root=root).cases())
        if before != after:
            raise Broken(f"beside {', '.join(_STRAYS)} there are {after} cases in place of {before}", "pass over hidden files")


def files_in(root: Path) -> list[Path]:
    """All files beneath a folder, in order of name."""
    return sorted(path for path in root.rglob("*") if path.is_file())


def _require_alike(way: Opened, where: str, here: list[Case], there: list[Case]) -> None:
    if differs(here, there) or len(here) != len(there):
        pairs = ((one, other) for one, other in zip(here, there, strict=False) if differs(one, other))
        one, other = next(pairs, (f"{len(here)} cases", f"{len(there)} cases"))
        raise Broken(
            f"{way.words}: {where} {one} is {other}",
            "make ids and groups of what the folder holds, not of where it stands; sort names, and use no hash()",
        )


def _require_untouched(subject: DatasetSubject, way: Opened) -> None:
    # A new one: what is written beside the data once stands there already in a folder that was read before.
    root = subject.fresh_folder("untouched")
    subject.target.write_stub(root, _FEW, SEED)
    before = {path: path.stat().st_size for path in files_in(root)}
    _all_read(way.fresh(root=root))
    after = {path: path.stat().st_size for path in files_in(root)}
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if changed:
        told = "written" if changed[0] not in before else "changed" if changed[0] in after else "removed"
        raise Broken(
            f"{way.words}: when its cases are read, {changed[0].relative_to(root).as_posix()} is {told} in the folder of the data",
            "write nothing beside the user's data, which may be read-only; keep what is derived in memory or below XDG_CACHE_HOME",
        )


def _chosen(root: Path) -> list[Path]:
    """Files to damage: one of each kind in each folder first."""
    files = files_in(root)
    kinds = {(path.parent, path.suffix): path for path in reversed(files)}
    return [*kinds.values(), *(path for path in files if path not in kinds.values())][:_MOST_DAMAGED]


def _all_read(dataset: Dataset[Any, Any]) -> dict[str, Any]:
    """What each case holds, or why it cannot be read."""
    found: dict[str, Any] = {}
    for case in dataset.cases():
        try:
            sample = read(dataset, case)
            found[case.id] = (sample.inputs, sample.reference)
        except DataError as error:
            found[case.id] = error
    return found


def _try_damaged(way: Opened, root: Path, damaged: Path, *, binary: bool, whole: dict[str, Any]) -> None:
    name = damaged.relative_to(root).as_posix()
    try:
        found = _all_read(way.fresh(root=root))
    except DataError as error:
        _require_named(error, damaged, name)
        return
    except (Exception, SystemExit) as error:
        raise Broken(
            f"with {name} cut short: {type(error).__name__}: {error}",
            "read with medai.io, which gives DataError, or turn what the library raises into DataError(reason, path)",
        ) from error
    faults = [error for error in found.values() if isinstance(error, DataError)]
    for fault in faults:
        _require_named(fault, damaged, name)
    changed = [id for id in found.keys() & whole.keys() if not isinstance(found[id], DataError) and _other(found[id], whole[id])]
    # A text that ends early may be a text all the same.
    if binary and changed and not faults:
        raise Broken(
            f"{name} is cut short, and case {changed[0]} is read as if it were whole", "refuse what ends too early: DataError(reason, path)"
        )


def _other(found: Any, whole: Any) -> bool:
    without = [[_without_origin(item) for item in pair] if isinstance(pair, tuple) else pair for pair in (found, whole)]
    return bool(differs(*without))


def _without_origin(item: Any) -> Any:
    # The files that an image is read from differ, because the folder does.
    return (item.pixels, item.unit) if hasattr(item, "pixels") and hasattr(item, "unit") else item


def _require_named(error: DataError, damaged: Path, name: str) -> None:
    if damaged.name not in str(error):
        mend = "name the file that is damaged, not another" if error.path else "give the path: DataError(reason, path)"
        raise Broken(f"with {name} cut short, DataError does not name it: {error}", mend)


def each_way(subject: DatasetSubject) -> Iterator[tuple[Opened, Dataset[Any, Any]]]:
    """Every way in which it can be opened, with the dataset built anew."""
    for way in subject.ways:
        yield way, way.fresh()
