"""`--plugin FILE`: one Python file as a plugin, by its explicit path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from medai._discovery.scan import Candidate, canonical
from medai._discovery.validate import ContractError


def of_file(path: Path) -> Candidate:
    """The file as a candidate: the plugin `my-net` for `my_net.py`."""
    return Candidate(str(path), canonical(path.stem), path.stem, _fingerprint(path))


def import_file(path: Path) -> ModuleType:
    """Import the file as the module that its name says, so that targets can be written `file:Name`.

    Raises:
        ContractError: there is no such file, or its name is no module's, or another module's.
        Exception: whatever the file raises.
    """
    path, name = path.resolve(), path.stem
    if path.suffix != ".py" or not path.is_file():
        raise ContractError("there is no such Python file")
    if not name.isidentifier():
        raise ContractError(f"{name!r} is no name for a Python module: lower-case words joined by underscores")
    installed = importlib.util.find_spec(name)
    if installed is not None and Path(installed.origin or "").resolve() != path:
        raise ContractError(f"there is another module called {name!r}: give the file another name")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # a file that ends in .py has a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    # Loader processes that are started anew get our path, and import the file's classes by its module's name.
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    return module


def _fingerprint(path: Path) -> str:
    import hashlib

    try:
        return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    except OSError:
        return ""
