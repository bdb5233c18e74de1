"""What came of the checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["passed", "failed", "known", "not applicable"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one check of one subject.

    Attributes:
        check: the check's name, such as `model.finite-gradients`.
        kind: the subject's kind.
        subject: its id, `plugin/name`; of checks of the whole plugin, the plugin's name.
        level: `must` or `advice`.
        status: `passed`; `failed`; `known`: it fails, as the spec's `known_failures` says; `not applicable`.
        says: the sentence that the check holds the subject to.
        reason: what was seen, or why it does not apply.
        mend: what the author can do.
        seconds: how long it took.
        traceback: where it was raised, or where the process stood when it was ended.
    """

    check: str
    kind: str
    subject: str
    level: str
    status: Status
    says: str = ""
    reason: str = ""
    mend: str = ""
    seconds: float = 0.0
    traceback: str = ""

    @property
    def id(self) -> str:
        """`model acme/net: model.finite-gradients`."""
        return f"{self.kind} {self.subject}: {self.check}"

    @property
    def verdict(self) -> bool:
        """Whether something was found out: a failure that is declared, or a check that does not apply, says nothing for the subject."""
        return self.status in ("passed", "failed")

    @property
    def breaks(self) -> bool:
        """Whether the contract is broken."""
        return self.status == "failed" and self.level == "must"


@dataclass(frozen=True)
class Report:
    """What came of all checks of a plugin.

    Attributes:
        plugin: its name.
        distribution: the distribution and its version.
        outcomes: in the order in which they ran.
        whole: whether all checks were wanted, not `only` some.
    """

    plugin: str
    distribution: str
    outcomes: tuple[Outcome, ...]
    whole: bool = True

    def counts(self) -> dict[str, int]:
        """How many outcomes of each status; advice that is not followed is counted as `advice`."""
        found = Counter("advice" if each.status == "failed" and each.level == "advice" else each.status for each in self.outcomes)
        return {status: found[status] for status in ("passed", "failed", "advice", "known", "not applicable")}

    @property
    def ran(self) -> int:
        """How many checks were made, known failures among them."""
        return sum(each.status != "not applicable" for each in self.outcomes)

    @property
    def ok(self) -> bool:
        """Whether the contract is kept: nothing failed, and something ran, of the whole contract of each subject. What was all skipped is
        not kept."""
        return any(each.verdict for each in self.outcomes) and not self.untried and not any(each.breaks for each in self.outcomes)

    @property
    def untried(self) -> tuple[str, ...]:
        """Subjects of which no check came to a verdict, as `model acme/net`; none where only some checks were wanted."""
        if not self.whole:
            return ()
        subjects = dict.fromkeys((each.kind, each.subject) for each in self.outcomes)
        tried = {(each.kind, each.subject) for each in self.outcomes if each.verdict}
        return tuple(" ".join(each) for each in subjects if each not in tried)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Report:
        """The report that `as_record` gave."""
        outcomes = tuple(Outcome(**each) for each in record["outcomes"])
        return cls(record["plugin"], record["distribution"], outcomes, record["whole"])

    def as_record(self) -> dict[str, Any]:
        """The report as JSON has it."""
        outcomes = [asdict(each) for each in self.outcomes]
        return {
            "plugin": self.plugin,
            "distribution": self.distribution,
            "ok": self.ok,
            "whole": self.whole,
            "ran": self.ran,
            "counts": self.counts(),
            "outcomes": outcomes,
        }
