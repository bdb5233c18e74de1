"""The task: the base pairs of a sequence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch.nn.functional import pad

from medai.api import Use, use
from medai.errors import DataError, PluginError
from medai.io import open_sequences, write_json, write_text
from medai.tasks._protocols import Dataset
from medai.tasks._records import Batch, Sample
from medai.tasks.inputs import Sequence as Letters
from medai.tasks.pairing.drawing import draw
from medai.tasks.pairing.types import Pairs

_ALPHABET = "ACGU"


class BasePairing:
    """The base pairs of a sequence; a plain module's output is logits of pairs, float32 (B, L, L), of which i < j count."""

    reference = Pairs
    prediction = Pairs
    metrics: tuple[Use, ...] = (use("medai/pair-scores"),)

    def arguments(self, batch: Batch[Any, Any]) -> tuple[torch.Tensor]:
        """One-hot letters A, C, G, U (T counts as U; any other letter is all 0), float32 (B, 4, L); short sequences end in zeros."""
        longest = max(len(item.letters) for item in batch.inputs)
        return (torch.stack([pad(_one_hot(item.letters), (0, longest - len(item.letters))) for item in batch.inputs]),)

    def target(self, batch: Batch[Any, Any]) -> torch.Tensor:
        """1 where i pairs with j, in both triangles, else 0, float32 (B, L, L)."""
        longest = max(len(item.letters) for item in batch.inputs)
        result = torch.zeros(len(batch.cases), longest, longest)
        for matrix, structure in zip(result, batch.reference or (), strict=True):
            for i, j in structure.pairs:
                matrix[i, j] = matrix[j, i] = 1.0
        return result

    def predictions(self, output: torch.Tensor, batch: Batch[Any, Any]) -> list[Pairs]:
        """Pairs more probable than not, each the best of both of its positions."""
        return self.from_tensors(self.tensors(output), batch)

    def tensors(self, output: torch.Tensor) -> dict[str, torch.Tensor]:
        """`logits`: float32 (B, L, L). The choice among them needs the sequences' lengths and is `from_tensors`' own."""
        return {"logits": output.float()}

    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch[Any, Any]) -> list[Pairs]:
        """The pairs of each sequence."""
        return [_best_pairs(matrix, len(item.letters)) for matrix, item in zip(tensors["logits"].detach().cpu(), batch.inputs, strict=True)]

    def perfect(self, samples: Sequence[Sample[Letters, Pairs]]) -> list[Pairs]:
        """The references."""
        return [sample.reference for sample in samples if sample.reference is not None]

    def check(self, sample: Sample[Letters, Pairs]) -> None:
        """The sequence holds capital letters; the structure is of its length, and each position pairs at most once, but for structures that
        say that they have multiplets.

        Raises:
            DataError: it is not so.
        """
        letters, where = sample.inputs.letters, f"case {sample.case.id}"
        if not (letters.isascii() and letters.isalpha() and letters.isupper()):
            raise DataError(f"{where}: the sequence is empty or holds something else than capital letters")
        if sample.reference is not None and (fault := _fault(sample.reference, letters)):
            raise DataError(f"{where}: {fault}")

    def check_prediction(self, prediction: Pairs, sample: Sample[Letters, Pairs]) -> None:
        """As `check`.

        Raises:
            PluginError: it is not so.
        """
        if fault := _fault(prediction, sample.inputs.letters):
            raise PluginError(f"the prediction of case {sample.case.id}: {fault}")

    def draw(self, sample: Sample[Letters, Pairs], prediction: Pairs, options: Mapping[str, Any]) -> Figure:
        """Arcs over the sequence for the reference, below it for the prediction: right, wrong and missed pairs in colours of their own."""
        return draw(sample, prediction)

    def save(self, prediction: Pairs, sample: Sample[Letters, Pairs], stem: Path) -> Path:
        """Write name, sequence and dot-bracket structure, a line each; or, of a structure with multiplets, which brackets cannot say, JSON
        with `id`, `letters` and `pairs`, positions from 0."""
        if prediction.several:
            path = stem.with_name(stem.name + ".json")
            write_json(path, {"id": sample.case.id, "letters": sample.inputs.letters, "pairs": prediction.pairs})
            return path
        path = stem.with_name(stem.name + ".dbn")
        write_text(path, self.as_text(prediction, sample))
        return path

    def as_text(self, prediction: Pairs, sample: Sample[Letters, Pairs]) -> str:
        """Name, sequence and dot-bracket structure, a line each.

        Raises:
            DataError: a position pairs with several others, or pairs cross more deeply than brackets can say.
        """
        return f">{sample.case.id}\n{sample.inputs.letters}\n{prediction.to_brackets()}\n"

    def load(self, path: Path) -> Pairs:
        """Read what `save` wrote.

        Raises:
            DataError: the file is not there, or holds something else.
        """
        if path.suffix == ".json":
            return _from_json(path)
        try:
            lines = path.read_text(encoding="utf-8").split()
            structure = Pairs.from_brackets(lines[-1])
            letters = lines[-2]
        except DataError as error:
            raise DataError(error.reason, path) from error
        except (OSError, ValueError, IndexError) as error:
            raise DataError(f"no dot-bracket structure in it ({type(error).__name__})", path) from error
        if len(letters) != structure.length:
            raise DataError(f"{len(letters)} letters, but a structure of {structure.length}", path)
        return structure

    def open(self, paths: Sequence[Path]) -> Dataset[Any, Any]:
        """The sequences of FASTA files."""
        return open_sequences(paths)

    def open_text(self, text: str) -> Dataset[Any, Any]:
        """The sequences of a text: FASTA, or one on each line."""
        return open_sequences((), text=text)


def _one_hot(letters: str) -> torch.Tensor:
    spelled = letters.replace("T", "U")
    return torch.tensor([[float(letter == base) for letter in spelled] for base in _ALPHABET])


def _best_pairs(logits: torch.Tensor, length: int) -> Pairs:
    upper = logits[:length, :length].triu(1)
    scores = torch.where(upper > 0, upper, 0.0)
    scores = scores + scores.T
    value, partner = scores.max(1)
    return Pairs(
        tuple((i, j) for i, j in enumerate(partner.tolist()) if i < j and value[i] > 0 and partner[j] == i),
        length,
    )


def _from_json(path: Path) -> Pairs:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Pairs.of(((int(i), int(j)) for i, j in held["pairs"]), len(held["letters"]), multiplets=True)
    except DataError as error:
        raise DataError(error.reason, path) from error
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(f"no structure in it ({type(error).__name__})", path) from error


def _fault(structure: Pairs, letters: str) -> str:
    """What is wrong with a structure, in words; nothing if nothing is."""
    if structure.length != len(letters):
        return f"a structure of {structure.length} positions for a sequence of {len(letters)}"
    try:
        sound = Pairs.of(structure.pairs, structure.length, multiplets=structure.multiplets)
        return "" if sound.pairs == structure.pairs else "pairs are not sorted (i, j) with i < j"
    except DataError as error:
        return error.reason
