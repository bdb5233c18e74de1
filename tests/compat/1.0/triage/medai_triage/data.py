"""Notes in text files; the level stands in the first line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medai.errors import DataError, MemoryFault
from medai.io import pseudonym, read_text, write_text
from medai.tasks import Case, Sample
from medai_triage.task import WORDS, Level, Note

_MOST = 1 << 20


class Texts:
    """Files without a level."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = {pseudonym(str(path.stem), "n"): path for path in paths}

    def cases(self) -> Sequence[Case]:
        return [Case(id, id) for id in self._paths]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Note, None]:
        return Sample(case, Note(read_text(self._paths[case.id])))


class Notes:
    def __init__(self, root: Path) -> None:
        self._paths = {path.stem: path for path in sorted(Path(root).glob("*.txt"))}
        if not self._paths:
            raise DataError("no .txt file in it", root)

    def cases(self) -> Sequence[Case]:
        return [Case(name, name) for name in self._paths]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Note, Level]:
        path = self._paths[case.id]
        if path.stat().st_size > _MOST:
            raise MemoryFault(f"{path} is larger than a note")
        level, _, text = read_text(path).partition("\n")
        if not level.strip().isdigit():
            raise DataError("its first line is no level", path)
        return Sample(case, Note(text), Level(int(level)))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        Path(root).mkdir(parents=True, exist_ok=True)
        for index in range(max(n, 12)):
            words = np.random.default_rng([seed, index]).choice(WORDS, 5)
            level = int(sum(word in ("pain", "bleeding") for word in words))
            write_text(Path(root) / f"note{index}.txt", f"{level}\n{' '.join(words)}\n")
