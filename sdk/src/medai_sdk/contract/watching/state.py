"""What the whole process shares: random generators, the settings of torch, numpy, logging and sockets, the environment, the current
folder, signals, filters of warnings."""

from __future__ import annotations

import functools
import locale
import logging
import multiprocessing
import os
import random
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from medai_sdk.contract.watching.distribution import within
from medai_sdk.contract.watching.watch import called_by

_CUDNN: Any = torch.backends.cudnn
_SETTINGS: Mapping[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch's default device": (torch.get_default_device, torch.set_default_device),
    "torch's number of threads": (torch.get_num_threads, torch.set_num_threads),
    "whether torch records gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "whether torch is deterministic": (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    "torch's precision of products": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    "cudnn.benchmark": (lambda: _CUDNN.benchmark, lambda value: setattr(_CUDNN, "benchmark", value)),
    "cudnn.deterministic": (lambda: _CUDNN.deterministic, lambda value: setattr(_CUDNN, "deterministic", value)),
    "numpy's treatment of errors": (np.geterr, lambda value: np.seterr(**value)),
    "the current folder": (os.getcwd, os.chdir),
    "the locale": (lambda: locale.setlocale(locale.LC_ALL), lambda value: locale.setlocale(locale.LC_ALL, value)),
    "the recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "how processes are started": (
        # The first of all is the default, which asking for it also fixes.
        lambda: multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0],
        lambda value: multiprocessing.set_start_method(value, force=True),
    ),
    "what SIGINT does": (lambda: signal.getsignal(signal.SIGINT), lambda value: signal.signal(signal.SIGINT, value)),
}
"""Of each setting, how it is read and how it is set again."""


class _Called(NamedTuple):
    """A setting that libraries make too, when they are imported or used: told only where the plugin's own code calls the function.

    Attributes:
        owner: the module or class that has the function.
        function: by which it is set.
        read: gives its value.
        write: sets it again.
    """

    owner: Any
    function: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]


def _signals() -> dict[signal.Signals, Any]:
    return {each: signal.getsignal(each) for each in signal.Signals}


def _set_signals(handlers: Mapping[signal.Signals, Any]) -> None:
    for each, handler in handlers.items():
        # None is what was set elsewhere than in Python, and cannot be set from here.
        if handler is not None and signal.getsignal(each) != handler:
            signal.signal(each, handler)


_CALLED: Mapping[str, _Called] = {
    "torch's print options": _Called(
        torch,
        "set_printoptions",
        lambda: dict(vars(torch._tensor_str.PRINT_OPTS)),
        lambda value: vars(torch._tensor_str.PRINT_OPTS).update(value),
    ),
    "numpy's print options": _Called(np, "set_printoptions", np.get_printoptions, lambda value: np.set_printoptions(**value)),
    "the level of the root logger": _Called(
        logging.Logger, "setLevel", lambda: logging.root.level, lambda value: logging.root.setLevel(value)
    ),
    "what logging leaves out": _Called(logging, "disable", lambda: logging.root.manager.disable, lambda value: logging.disable(value)),
    "the default timeout of sockets": _Called(socket, "setdefaulttimeout", socket.getdefaulttimeout, socket.setdefaulttimeout),
    "what signals do": _Called(signal, "signal", _signals, _set_signals),
}


class SharedState:
    """What a subject found; it says what is different now, and sets it right for the next."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        notes.clear()
        self._settings = {name: read() for name, (read, _) in _SETTINGS.items()}
        self._called = {name: setting.read() for name, setting in _CALLED.items()}
        self._environment = dict(os.environ)
        self._filters = list(warnings.filters)

    def changes(self) -> Iterator[str]:
        """What is different, in words. Libraries set variables and filters when they are imported: of those, what the plugin's code set."""
        for name, (read, _) in _SETTINGS.items():
            value = read()
            if value != self._settings[name]:
                yield f"{name}: {self._settings[name]} became {value}"
        yield from (f"{name} ({line})" for name, line in self._notes.settings.items() if _CALLED[name].read() != self._called[name])
        for name, line in self._notes.variables.items():
            if os.environ.get(name) != self._environment.get(name):
                yield f"the environment variable {name} ({line})"
        filtered = [line for entry, line in self._notes.filters if entry in warnings.filters and entry not in self._filters]
        yield from (f"the filters of warnings ({line})" for line in dict.fromkeys(filtered))
        yield from (f"the seed of {name} ({line})" for name, line in self._notes.seeds)

    def restore(self) -> None:
        """Set right what can be."""
        for name, (read, write) in _SETTINGS.items():
            if read() != self._settings[name]:
                write(self._settings[name])
        for name in self._notes.settings:
            _CALLED[name].write(self._called[name])
        for name in self._notes.variables:
            if name in self._environment:
                os.environ[name] = self._environment[name]
            else:
                os.environ.pop(name, None)
        warnings.filters[:] = self._filters  # type: ignore[index]


class Notes:
    """Which of the shared things the plugin's own code sets, and in which line.

    Attributes:
        settings: those of `_CALLED`.
        variables: of the environment.
        filters: of warnings.
        seeds: of random generators, but for what happens inside `torch.random.fork_rng`, which sets it back.
        hears_seeds: whether seeds are noted.
    """

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots, self._forks = roots, 0
        self.hears_seeds = True
        self.settings: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.filters: list[tuple[object, str]] = []
        self.seeds: list[tuple[str, str]] = []

    def clear(self) -> None:
        """Forget them."""
        for notes in (self.settings, self.variables, self.filters, self.seeds):
            notes.clear()

    def start(self) -> None:
        """Begin, before anything of the plugin's heavy modules is imported: they may take the functions' names to themselves."""
        sys.addaudithook(self._hears)
        for module, name in ((random, "random.seed"), (np.random, "numpy.random.seed"), (torch, "torch.manual_seed")):
            self._stand_before(module, name.rpartition(".")[2], functools.partial(self._seeded, name))
        torch.random.manual_seed = torch.manual_seed
        for setting, called in _CALLED.items():
            self._stand_before(called.owner, called.function, functools.partial(self.settings.__setitem__, setting))
        for name in ("filterwarnings", "simplefilter"):
            # Libraries set filters for a while, in threads as well, which put them back in no order: the plugin's own call alone counts.
            self._stand_before(warnings, name, self._filtered, directly=True)
        torch.random.fork_rng = self._forked(torch.random.fork_rng)

    def _stand_before(self, module: Any, name: str, note: Callable[[str], None], *, directly: bool = False) -> None:
        original = getattr(module, name)

        @functools.wraps(original)
        def noted(*arguments: Any, **keywords: Any) -> Any:
            own = not directly or within(sys._getframe(1).f_code.co_filename, self._roots)
            line = called_by(self._roots) if own else ""
            result = original(*arguments, **keywords)
            if line:
                note(line)
            return result

        setattr(module, name, noted)

    def _seeded(self, name: str, line: str) -> None:
        if self.hears_seeds and (name, line) not in self.seeds and not self._forks:
            self.seeds.append((name, line))

    def _filtered(self, line: str) -> None:
        # A new filter stands at one of the two ends.
        self.filters += [(entry, line) for entry in (warnings.filters[0], warnings.filters[-1])]

    def _forked(self, original: Any) -> Any:
        @contextmanager
        def forked(*arguments: Any, **keywords: Any) -> Iterator[None]:
            with original(*arguments, **keywords):
                self._forks += 1
                try:
                    yield
                finally:
                    self._forks -= 1

        return forked

    def _hears(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.putenv", "os.unsetenv"):
            # As of filters: what a library that is called sets for itself is its own doing.
            frame = sys._getframe(1)
            while frame.f_back is not None and frame.f_code.co_filename in (os.__file__, "<frozen os>"):
                frame = frame.f_back
            if within(frame.f_code.co_filename, self._roots):
                self.variables[os.fsdecode(arguments[0])] = called_by(self._roots)
