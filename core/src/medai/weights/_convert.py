"""The process that opens legacy files: `python -P -m medai.weights._convert SOURCE TARGET SHA256`, called by `convert`.

Its last line on stdout is JSON: what was written, or why not.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

_INSIDE = ("state_dict", "model_state_dict", "model", "params_ema", "params", "net", "network", "weights")
_SPARE = 4 * 2**30
_CPU_SECONDS = 600


class Refused(Exception):
    """Why a file is not converted."""


def main(source: Path, target: Path, digest: str) -> dict[str, Any]:
    """Convert, and say what was done or why not."""
    _limit(source)
    notes: list[str] = []
    try:
        tensors = _plain(_state(_loaded(source), notes), notes)
        save_file(tensors, target, {"format": "pt", "source": source.name, "source_sha256": digest})
    except Refused as reason:
        return {"refused": str(reason)}
    except (MemoryError, RuntimeError) as error:
        if not _of_memory(error):
            raise
        return {"memory": "its tensors take more memory than a conversion may have"}
    return {"tensors": len(tensors), "notes": notes}


def _limit(source: Path) -> None:
    """Bound time and memory, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    memory = _SPARE + 4 * source.stat().st_size
    for kind, most in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CPU, _CPU_SECONDS), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, hard))


def _loaded(source: Path) -> Any:
    try:
        # The only place where medai opens a pickle: restricted to tensors and plain containers, in this process that does nothing else.
        return torch.load(source, map_location="cpu", weights_only=True)  # noqa: TID251  the converter of legacy files
    except pickle.UnpicklingError as error:
        # Not torch's own words: they advise to load it all the same.
        named = re.search(r"GLOBAL ([\w.]+)|(?:type|function|class) ([\w.]+)", str(error))
        if named is None:
            raise Refused("is not a file that torch.save wrote, or is damaged") from error
        raise Refused(f"holds more than tensors ({named[1] or named[2]}), which medai never loads") from error
    except Exception as error:  # struct.error, UnicodeDecodeError, zipfile's own: a damaged file makes it stumble anywhere
        if _of_memory(error):
            raise
        raise Refused(f"is not a file that torch.save wrote, or is damaged ({type(error).__name__})") from error


def _of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "not enough memory" in str(error)


def _state(loaded: Any, notes: list[str]) -> Mapping[str, Any]:
    """The state dict in what was loaded."""
    if not isinstance(loaded, Mapping):
        raise Refused(f"holds a {type(loaded).__name__}, not tensors by name")
    if any(isinstance(value, Tensor) for value in loaded.values()):
        return loaded
    inside = [name for name in _INSIDE if isinstance(loaded.get(name), Mapping) and _has_tensors(loaded[name])]
    if not inside:
        keys = ", ".join(str(key) for key in list(loaded)[:8])
        raise Refused(f"holds no tensors by name (it holds {keys or 'nothing'})")
    chosen, others = inside[0], [str(key) for key in loaded if key != inside[0]]
    notes.append(f"taken from {chosen!r}" + (f"; left out: {', '.join(others)}" if others else ""))
    return _state(loaded[chosen], notes)


def _has_tensors(value: Mapping[str, Any]) -> bool:
    return any(isinstance(item, Tensor) or (isinstance(item, Mapping) and _has_tensors(item)) for item in value.values())


def _plain(state: Mapping[str, Any], notes: list[str]) -> dict[str, Tensor]:
    """Dense tensors of their own memory, under names without the mark of a wrapper for several GPUs."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if not isinstance(name, str):
            raise Refused(f"a tensor is called {name!r}, which is no name")
        if isinstance(value, Tensor):
            if value.layout != torch.strided or value.is_quantized:
                raise Refused(f"{name} is a sparse or quantised tensor, which safetensors does not hold")
            found[name] = value.detach().clone().contiguous()
    empty = [name for name, tensor in found.items() if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())]
    if empty:
        notes.append(f"NaN or infinite values in {', '.join(empty[:8])}{' ...' if len(empty) > 8 else ''}")
    left = [name for name in state if name not in found]
    if left:
        notes.append(f"not tensors, left out: {', '.join(left[:8])}{' ...' if len(left) > 8 else ''}")
    if all(name.startswith("module.") for name in found):
        notes.append("module. was taken off every name")
        found = {name.removeprefix("module."): tensor for name, tensor in found.items()}
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
