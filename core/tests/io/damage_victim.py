"""The process that `damage.Victim` feeds: reads one case per line of its input and answers what became of it, in JSON."""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import stat
import sys
from pathlib import Path
from typing import Any

from medai.errors import DataError, MemoryFault

_MEBI = 1 << 20
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# Audit events of the standard library that change files or leave the process.
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod", "os.system", "os.exec")
_LEAVES = ("socket.connect", "subprocess.Popen", "os.posix_spawn", "os.fork", "pickle.find_class", "webbrowser.open")


class Watch:
    """Notes what the interpreter opens and changes while a reader runs."""

    def __init__(self, root: Path) -> None:
        self._around, self._case = str(root.parent), f"{root}{os.sep}case{os.sep}"
        self._active, self.seen = False, list[str]()
        sys.addaudithook(self._hook)

    def __enter__(self) -> None:
        self.seen, self._active = [], True

    def __exit__(self, *_: object) -> None:
        self._active = False

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._active:
            return
        if event in _CHANGES or event in _LEAVES:
            self.seen.append(f"{event} {arguments}")
        elif event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path, mode, flags = os.path.abspath(os.fsdecode(arguments[0])), arguments[1], arguments[2]
            if (mode and set(str(mode)) & set("wax+")) or (isinstance(flags, int) and flags & _WRITES):
                self.seen.append(f"opened {path} for writing")
            elif path.startswith(self._around) and not os.path.realpath(path).startswith(self._case):
                self.seen.append(f"opened {path}, outside the case")


def _state(root: Path) -> dict[str, tuple[int, int]]:
    """Every file under the folder, with what a write would change."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (status.st_size, status.st_mtime_ns)
    return found


def _descriptors() -> int:
    gc.collect()
    return sum(stat.S_ISREG(os.fstat(int(name)).st_mode) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}"))


def _limit(memory: int) -> None:
    """Let the address space grow by `memory` MiB from where it is."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory * _MEBI, resource.RLIM_INFINITY))


def _fault_of_error(error: BaseException, place: Path) -> str | None:
    """What is wrong with an error that a reader raised; None when it is as it should be."""
    if isinstance(error, MemoryFault):
        return None if str(place) in str(error) else f"a MemoryFault that names no file: {error}"
    if not isinstance(error, DataError):
        return f"{type(error).__name__}: {error}"
    if error.path is None or not Path(error.path).is_relative_to(place):
        return f"names no file of the case: {error!r} ({error.path})"
    if not error.reason or (error.path != place and error.path.name in error.reason):
        return f"its reason is empty or holds the file's name: {error.reason!r}"
    return None if len(error.reason) < 1000 else f"a reason of {len(error.reason)} letters"


def _fault_of_result(result: Any) -> str | None:
    import torch

    pixels, affine = getattr(result, "pixels", None), getattr(result, "affine", None)
    if isinstance(pixels, torch.Tensor) and (pixels.dtype != torch.float32 or not pixels.isfinite().all() or not pixels.numel()):
        return f"pixels of {pixels.dtype}, {tuple(pixels.shape)}, or not finite"
    if affine is not None and not (abs(affine) < float("inf")).all():
        return f"its affine is not finite: {affine}"
    return None


def _answer(read: Any, path: Path, arguments: dict[str, Any], watch: Watch, root: Path) -> dict[str, str]:
    before, fault, reason = _state(root), None, ""
    try:
        with watch:
            result = read(path, **arguments)
        fault = _fault_of_result(result)
    except BaseException as error:  # an exit or an interrupt that a reader raises is a fault, too
        fault, reason = _fault_of_error(error, root / "case"), getattr(error, "reason", "out of memory")
    if watch.seen:
        fault = "; ".join(watch.seen)
    elif _state(root) != before:
        fault = f"files were changed or left: {sorted(set(_state(root).items()) ^ set(before.items()))}"
    return {"fault": fault} if fault else {"outcome": "refused", "reason": reason} if reason else {"outcome": "read"}


def _printed(file: int) -> str:
    """The end of what was printed since the last time."""
    sys.stdout.flush()
    size = os.fstat(file).st_size
    text = os.pread(file, 2000, max(0, size - 2000)).decode(errors="replace")
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    return text


def main() -> None:
    """Serve until the input ends."""
    root = Path(sys.argv[1]).resolve()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    watch, opened = Watch(root), 0
    answers = os.fdopen(os.dup(1), "w")
    # What is printed, by a C library too, must not be taken for an answer.
    printed = os.memfd_create("printed")
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    for line in sys.stdin:
        request = json.loads(line)
        if "reader" in request:
            module, _, name = request["reader"].partition(":")
            task = request
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            read = getattr(importlib.import_module(module), name)
        if "end" in request:
            left = _descriptors() - opened
            answer = {"fault": f"{left} files are still open"} if left > 0 else {"outcome": "ended"}
            answer["printed"] = _printed(printed)
        else:
            answer = _answer(read, root / "case" / task["entry"], task["arguments"], watch, root)
        if "reader" in request:
            opened = _descriptors()
            _limit(task["memory"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
