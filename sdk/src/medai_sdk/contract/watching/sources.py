"""What a plugin's source files say, read without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from medai import _deprecated

_LOADERS = (
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "dill.load", "dill.loads", "cloudpickle.load", "cloudpickle.loads"),
    *("marshal.load", "marshal.loads", "shelve.open", "joblib.load", "pandas.read_pickle"),
    *("torch.load", "torch.hub.load", "yaml.unsafe_load", "yaml.full_load"),
)
_UNSAFE = {
    **dict.fromkeys(_LOADERS, "runs code from the file"),
    **dict.fromkeys(("eval", "exec", "builtins.eval", "builtins.exec"), "runs a text"),
    **dict.fromkeys(("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"), "gives a text to a shell"),
}
_SAFE_LOADERS = ("SafeLoader", "CSafeLoader", "BaseLoader")


def sources(roots: Iterable[Path]) -> Iterator[tuple[str, ast.Module]]:
    """The Python files of some packages, by their name from the package on, parsed; those that cannot be parsed are left to the import."""
    for root in roots:
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            try:
                yield str(path.relative_to(root.parent)), ast.parse(path.read_bytes(), str(path))
            except (OSError, SyntaxError, ValueError):
                continue


def unsafe_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and words for each call that runs code from a file, a text or a shell, or lets an archive choose where it is unpacked."""
    names = _names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            fault = _fault(node, _dotted(node.func, names))
            if fault:
                yield node.lineno, fault


def private_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name for each import of something of medai that is private."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, *rest = name.split(".")
            if first == "medai" and any(part.startswith("_") and not part.startswith("__") for part in rest):
                yield node.lineno, name


def deprecated_uses(tree: ast.Module, ids: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Line and words for each use of what goes from medai (`medai/_deprecated.py`), and of an id that has another name now (`ids`)."""
    going = {(item.owner, item.name): item for item in _deprecated.TABLE if item.stage() in ("warns", "fails")}
    names = _names(tree)
    for node in ast.walk(tree):
        for place in _said(node, names):
            held = going.get(place)
            if held is not None:
                yield getattr(node, "lineno", 0), f"{held.what}: {f'use {held.instead}' if held.instead else held.advice}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ids:
            yield node.lineno, f"{node.value} is called {ids[node.value]} now"


def _said(node: ast.AST, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What a node names, behind whose it is: a name of a module, a keyword of a call, or a hook, which is nobody's."""
    if isinstance(node, ast.ImportFrom):
        yield from ((node.module or "", alias.name) for alias in node.names)
    elif isinstance(node, ast.Attribute):
        yield _dotted(node.value, names), node.attr
    elif isinstance(node, ast.Call):
        yield from ((_dotted(node.func, names), keyword.arg) for keyword in node.keywords if keyword.arg)
    elif isinstance(node, ast.FunctionDef):
        yield "", node.name


def _names(tree: ast.Module) -> dict[str, str]:
    """What the file's imported names stand for: `np` for `numpy`, `load` for `torch.load`."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    """`numpy.load` for `np.load`; of what is no name, the attribute alone, after a dot."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, names)}.{node.attr}"
    return ""


def _fault(call: ast.Call, name: str) -> str:
    given = {word.arg: word.value for word in call.keywords if word.arg}
    if name in _UNSAFE and not (name == "torch.load" and _is(given.get("weights_only"), True)):
        return f"{name} {_UNSAFE[name]}"
    if name == "yaml.load" and not _dotted(given.get("Loader", (call.args[1:] or [ast.Constant("")])[0]), {}).endswith(_SAFE_LOADERS):
        return "yaml.load without SafeLoader builds any object"
    if name == "numpy.load" and _is(given.get("allow_pickle"), True):
        return "numpy.load with allow_pickle=True runs code from the file"
    if name.endswith(".extractall") and not name.endswith(".str.extractall") and not _is(given.get("filter"), "data"):
        return "extractall lets the archive say where its files go"
    if _is(given.get("shell"), True):
        return f"{name} with shell=True gives a text to a shell"
    if _is(given.get("trust_remote_code"), True):
        return f"{name} with trust_remote_code=True runs downloaded code"
    return ""


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value and type(node.value) is type(value)
