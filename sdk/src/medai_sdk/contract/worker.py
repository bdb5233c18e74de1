"""The checks in a process of their own, which the supervisor may end: `python -m medai_sdk.contract.worker FD ORDER`.

`ORDER` is a JSON file with the plugin's name, a folder to work in, the checks wanted, and those that are done or given up.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from medai_sdk.contract.outcome import Outcome


def main() -> None:
    """Run what is ordered; say when a check begins and what came of it, a line of JSON each."""
    with os.fdopen(int(sys.argv[1]), "w", buffering=1) as say:
        order = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
        _say(say, begin=["plugin", order["plugin"], "plugin.can-be-loaded"])
        _run(order, say)
        _say(say, end=True)


def _run(order: Mapping[str, Any], say: TextIO) -> None:
    from medai_sdk.contract.check import checks_of
    from medai_sdk.contract.watch import Watch

    folder = Path(order["folder"])
    watch = Watch(folder)
    done = {tuple(each) for each in order["done"]}
    # Only now: whatever the kit itself imports may look where it likes.
    watch.start()
    for kind, subject_id, subject, known in _subjects(order["plugin"], folder, watch):
        watch.clear()
        given_up = next((reason for held, id, reason in order["given_up"] if (held, id) == (kind, subject_id)), "")
        for check in checks_of(*(("plugin",) if kind == "plugin" else ("component", kind))):
            key = (kind, subject_id, check.name)
            if key in done or not _wanted(check.name, order["only"]):
                continue
            _say(say, begin=key)
            began = time.perf_counter()
            status, reason, mend = ("not applicable", given_up, "") if given_up else _came(check, subject)
            if check.name in known:
                status, reason, mend = _as_declared(status, reason, mend, known[check.name])
            outcome = Outcome(
                check=check.name,
                kind=kind,
                subject=subject_id,
                level=check.level,
                status=status,  # type: ignore[arg-type]
                says=check.says,
                reason=reason,
                mend=mend,
                seconds=round(time.perf_counter() - began, 3),
            )
            _say(say, outcome=asdict(outcome))


def _subjects(name: str, folder: Path, watch: Any) -> Iterator[tuple[str, str, Any, Mapping[str, str]]]:
    """Kind, id, subject and declared failures: the plugin first, then all that it offers."""
    from medai._discovery import registry
    from medai._discovery.scan import candidates
    from medai_sdk.contract.kinds import SUBJECTS
    from medai_sdk.contract.subjects import PluginSubject

    record = next(each for each in registry().plugins if each.name == name)
    module = next((each.value for each in candidates() if each.distribution == record.distribution and each.name == name), "")
    entries = tuple(entry for entry in registry().entries() if entry.plugin == record)
    yield "plugin", name, PluginSubject(record, module, entries, _made(folder / "plugin")), {}
    for entry in entries:
        place = _made(folder / entry.kind / entry.spec.name)
        yield entry.kind, entry.id, SUBJECTS[entry.kind](entry, place, watch), getattr(entry.spec, "known_failures", {})


def _came(check: Any, subject: Any) -> tuple[str, str, str]:
    from medai_sdk.contract.check import Broken, NotApplicable

    try:
        check.run(subject)
    except NotApplicable as error:
        return "not applicable", str(error), ""
    except Broken as error:
        return "failed", error.reason, error.mend
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a component may also exit
        where = traceback.extract_tb(error.__traceback__)[-1]
        return "failed", f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})", ""
    return "passed", "", ""


def _as_declared(status: str, reason: str, mend: str, declared: str) -> tuple[str, str, str]:
    if status == "failed":
        return "known", f"{declared} ({reason})", mend
    if status == "passed":
        return "failed", "the spec's known_failures say that it fails, and it passes", "take it out of known_failures"
    return status, reason, mend


def _wanted(name: str, only: list[str]) -> bool:
    return not only or any(name == each or name.startswith(f"{each}.") for each in only)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _say(to: TextIO, **message: Any) -> None:
    to.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    main()
