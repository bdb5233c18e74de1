"""Every error that medai raises on purpose, by the class of its cause; the class decides the exit code of the command line. And the
warning of what goes from its interface."""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "DataError",
    "DivergedError",
    "EnvironmentFault",
    "MedaiDeprecationWarning",
    "MedaiError",
    "MemoryFault",
    "PluginError",
    "UsageError",
]


class MedaiError(Exception):
    """Something that a user can act on: the message says what is wrong and, where known, what to do."""

    exit_code = 1


class UsageError(MedaiError):
    """The command, a recipe or a parameter is wrong."""

    exit_code = 2


class DataError(MedaiError):
    """A file, a case or a data set cannot be used.

    `path` is the file or folder at fault and `reason` what is wrong with it. Run folders keep the reason alone, because a path may
    name a patient.
    """

    exit_code = 3

    def __init__(self, reason: str, path: Path | str | None = None) -> None:
        super().__init__(f"{path}: {reason}" if path is not None else reason)
        self.reason = reason
        self.path = None if path is None else Path(path)

    def __reduce__(self) -> tuple[type[DataError], tuple[str, Path | None]]:
        # Exceptions cross from loader processes by pickling; the default would call __init__ with the joined message.
        return type(self), (self.reason, self.path)


class MemoryFault(MedaiError):
    """The device or the machine has too little memory for the configuration."""

    exit_code = 4


class DivergedError(MedaiError):
    """Training produced a figure that is not finite."""

    exit_code = 5


class PluginError(MedaiError):
    """A plugin, or a component of it, does not keep its contract or could not be loaded."""

    exit_code = 6


class EnvironmentFault(MedaiError):
    """The machine lacks something: a device, disk space, a package, a free run folder."""

    exit_code = 7


class MedaiDeprecationWarning(DeprecationWarning):
    """Something that is used goes from medai, or an id from a plugin; the message says what to use, since when and until when it works.

    It is shown once for each place: on stderr by medai's commands, by pytest, and otherwise as Python's filters say. `pytest -W
    error::medai.errors.MedaiDeprecationWarning` makes it an error.
    """
