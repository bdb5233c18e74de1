"""Where a component was tried and failed, told in few words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from medai_sdk.contract.check import Broken, NotApplicable
from medai_sdk.contract.subjects.situation import Situation

_TOLD = 3
"""Reasons that are told; the first are those of the recipes that name the component."""
_SPEC = "name its task and inputs in the spec, or give the spec an example, or add a recipe that uses it"


@dataclass(frozen=True)
class _Failure:
    words: str
    reason: str
    named: bool


@dataclass
class Failed:
    """The situations in which a component failed, in the order in which they were tried: recipes that name it come first."""

    _found: list[_Failure] = field(default_factory=list)

    def add(self, situation: Situation, error: BaseException) -> None:
        """What it raised there; `NotApplicable` where something else than the component is at fault."""
        innocent = isinstance(error, NotApplicable)
        reason = str(error) if innocent else f"{type(error).__name__}: {error}"
        self._found.append(_Failure(situation.words, reason, situation.names_it and not innocent))

    def add_end(self, error: Exception) -> None:
        """Why no more situations could be found."""
        self._found.append(_Failure("", str(error), named=False))

    @property
    def named(self) -> bool:
        """Whether it failed in a recipe that names it."""
        return any(each.named for each in self._found)

    def everywhere(self) -> Broken:
        """That it answers nowhere."""
        if not self._found:
            return Broken("there is no recipe with it and no stub data for its task and inputs", _SPEC)
        mend = self._mend_of_recipes() if self.named else f"mend what it raises; where it takes other data, {_SPEC}"
        return Broken(f"it fails in every situation: {_told(self._found)}", mend)

    def in_recipes(self, elsewhere: str) -> Broken:
        """That it fails in recipes that name it, though it answers elsewhere."""
        failures = [each for each in self._found if each.named]
        return Broken(f"it answers in {elsewhere}, and fails {_told(failures)}", self._mend_of_recipes())

    def _mend_of_recipes(self) -> str:
        names = ", ".join(dict.fromkeys(each.words for each in self._found if each.named))
        return f"let it answer on the data of {names}, with the parameters that stand there"


def _told(failures: list[_Failure]) -> str:
    alike: dict[str, list[_Failure]] = {}
    for each in failures:
        # Reasons that differ in sizes alone are one.
        alike.setdefault(re.sub(r"\d+", "0", each.reason), []).append(each)
    told = [_with_places(group) for group in list(alike.values())[:_TOLD]]
    more = len(alike) - len(told)
    return "; ".join([*told, *([f"and for {more} more reasons"] if more else [])])


def _with_places(group: list[_Failure]) -> str:
    first, more = group[0], len(group) - 1
    place = f"in {first.words}{f' and {more} more' if more else ''}: " if first.words else ""
    return f"{place}{first.reason}"
