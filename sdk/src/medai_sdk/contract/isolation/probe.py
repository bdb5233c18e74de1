"""A light module in a fresh interpreter, as discovery sees it: `python -m medai_sdk.contract.isolation.probe MODULE RESULT FOLDER...`.

`FOLDER...` are the plugin's own packages. What was seen is written to the file `RESULT`, as JSON.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

# What discovery itself has imported; from here on everything is the plugin's doing.
from medai._discovery.hooks import Hooks
from medai_sdk.contract.watching.distribution import within
from medai_sdk.contract.watching.watch import Watch, called_by

_ALLOWED = ("medai.api", "medai.hookspecs", "medai.errors")
_LOOKING = (importlib.util.__file__, "<frozen importlib.util>")
_CODE = (".py", ".pyc", ".so", ".pth")


def main() -> None:
    """Import the module, call its hooks twice, and write down what that did."""
    module, result, *folders = sys.argv[1:]
    seen = _Seen(module, tuple(map(Path, folders)))
    sys.meta_path.insert(0, seen)
    seen.watch.start(seen.roots)
    sys.addaudithook(seen.hears)
    began = time.perf_counter()
    imported = importlib.import_module(module)
    import_seconds = time.perf_counter() - began
    first, first_seconds = _offers(imported)
    second, second_seconds = _offers(imported)
    found = {
        "seconds": import_seconds + min(first_seconds, second_seconds),
        "imports": seen.direct or seen.indirect[:1],
        "network": seen.watch.network,
        "written": seen.watch.written,
        "started": seen.watch.started,
        "read": seen.read,
        "threads": [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()],
        "unlike": [kind for kind in first if first[kind] != second.get(kind)],
        "names": {kind: [record.name for record in records] for kind, records in first.items()},
    }
    Path(result).write_text(json.dumps(found), encoding="utf-8")


def _offers(module: ModuleType) -> tuple[dict[str, tuple[Any, ...]], float]:
    hooks = Hooks()
    began = time.perf_counter()
    return hooks.offers(module, "probed"), time.perf_counter() - began


class _Seen:
    """Stands before all finders of modules, finds none, and notes who asks for which."""

    def __init__(self, module: str, roots: tuple[Path, ...]) -> None:
        self._top, self.roots = module.partition(".")[0], roots
        self.direct: list[str] = []
        self.indirect: list[str] = []
        self.read: list[str] = []
        self.watch = Watch()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Nothing; what is neither the standard library, nor `medai.api`, nor the plugin's own is noted."""
        top = name.partition(".")[0]
        light = top in sys.stdlib_module_names or top == self._top or name == "medai" or name.startswith(_ALLOWED)
        if not light and not (top != "medai" and "." in name):
            self._note(name, sys._getframe(1))
        return None

    def hears(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a file that the plugin's own code reads; its own metadata may be read, for the version."""
        if event != "open" or not isinstance(arguments[2], int) or arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if isinstance(arguments[0], str) and not arguments[0].endswith(_CODE):
            place = os.path.realpath(arguments[0])
            if ".dist-info" not in place and place not in self.read and called_by(self.roots):
                self.read.append(place)

    def _note(self, name: str, frame: FrameType | None) -> None:
        own = direct = None
        imports = False
        while frame is not None and own is None:
            file, function = frame.f_code.co_filename, frame.f_code.co_name
            imports = imports or function == "_find_and_load"
            if function == "find_spec" and not imports and file in _LOOKING:
                return  # whether it is there was asked; it is not imported
            if within(file, self.roots):
                own = f"{Path(file).relative_to(self._parent(file))}, line {frame.f_lineno}"
            elif not file.startswith("<frozen importlib") and file != importlib.__file__:
                direct = False
            frame = frame.f_back
        if own is not None and direct is None:
            self.direct.append(f"{name} ({own})")
        elif own is not None:
            self.indirect.append(f"{name}, by way of what {own} calls")

    def _parent(self, file: str) -> Path:
        return next(root.parent for root in self.roots if within(file, (root,)))


if __name__ == "__main__":
    main()
