"""Hairpins: generated, and as `<family>/<name>.dbn` files of three lines: a name, letters, brackets."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io import read_text
from medai.tasks import Case, Pairs, Sample
from medai.tasks import Sequence as Letters

_PAIRS = ("AU", "UA", "GC", "CG", "GC", "CG", "GU")


def hairpin(seed: int, index: int) -> tuple[str, str]:
    """Letters and brackets, at most 26 of each."""
    rng = np.random.default_rng([seed, index])
    stem = [_PAIRS[kind] for kind in rng.integers(0, len(_PAIRS), rng.integers(4, 8))]
    loop, before, after = ("".join(rng.choice(list("AAACGU"), rng.integers(low, high))) for low, high in ((4, 7), (0, 4), (0, 4)))
    letters = before + "".join(pair[0] for pair in stem) + loop + "".join(pair[1] for pair in reversed(stem)) + after
    return letters, "." * len(before) + "(" * len(stem) + "." * len(loop) + ")" * len(stem) + "." * len(after)


class Hairpins:
    """The generated hairpins, two of a family.

    Args:
        n: cases.
    """

    def __init__(self, n: int = 24) -> None:
        self._cases = [Case(f"h{index}", f"family{index // 2}") for index in range(n)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        letters, brackets = hairpin(0, int(case.id[1:]))
        return Sample(case, Letters(letters), Pairs.from_brackets(brackets))


class DbnFolder:
    """A folder per family.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._files = {(path.parent.name, path.stem): path for path in sorted(Path(root).glob("*/*.dbn"))}
        if not self._files:
            raise DataError("no .dbn file in a folder of it", root)

    def cases(self) -> Sequence[Case]:
        return [Case("-".join(names), names[0]) for names in self._files]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        path = self._files[case.group, case.id.removeprefix(f"{case.group}-")]
        lines = read_text(path).split()
        if len(lines) != 3:
            raise DataError("a name, letters and brackets are wanted, a line each", path)
        return Sample(case, Letters(lines[1]), Pairs.from_brackets(lines[2]))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        for index in range(n):
            folder = root / f"family{index % 4}"
            folder.mkdir(parents=True, exist_ok=True)
            letters, brackets = hairpin(seed, index)
            (folder / f"{index}.dbn").write_text(f">{index}\n{letters}\n{brackets}\n")
