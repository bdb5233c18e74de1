"""CONTRAfold's features against a reading of them loop by loop, and its learning."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from brute_force import every

from medai.tasks import Batch, Case, Pairs, Sample
from medai.tasks import Sequence as Letters
from medai_rna.folding.scores import PAIRS
from medai_rna.folding.structure import loops_of, score_of
from medai_rna.losses.structured import ConditionalLogLikelihood, StructuredHinge
from medai_rna.models.contrafold import Contrafold, Features

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
CLOVER = "(((((((..((((........)))).((((.........)))).....(((((.......))))))))))))...."
SHAPES = [
    "((((....))))..",
    ".(((...)))((...)).",
    "((.((....))))",
    "((..((....)).))",
    "((...((....)).))",
    "((..((....))..))",
    "((.((....)).))",
    "((....((....))..))",
    "(((.((...)).((....)).)))",
    "((" + "." * 35 + "))",
    "((.....((....))))",
]
LETTERS = "ACGU"


def features_of(letters: str, structure: Pairs) -> Counter[tuple[str, object]]:
    """How often each feature of CONTRAfold 2.02 is there, written from its description."""
    found: Counter[tuple[str, object]] = Counter()

    def kind(i: int, j: int) -> int:
        return PAIRS.index(letters[i] + letters[j])

    def at_least(name: str, first: int, length: int, most: int) -> None:
        for each in range(first, min(length, most) + 1):
            found[name, each - first] += 1

    def end(i: int, j: int) -> None:
        """A helix's end (i, j) at a loop on the side of i + 1 and j - 1, which may run backwards round a pair within."""
        found["helix_closing", kind(i, j)] += 1

    def mismatch(i: int, j: int, after: int, before: int) -> None:
        end(i, j)
        found["terminal_mismatch", (kind(i, j), LETTERS.index(letters[after]), LETTERS.index(letters[before]))] += 1

    def dangles(i: int, j: int, after: int, before: int) -> None:
        end(i, j)
        if 0 <= after < len(letters):
            found["dangle_left", (kind(i, j), LETTERS.index(letters[after]))] += 1
        if 0 <= before < len(letters):
            found["dangle_right", (kind(i, j), LETTERS.index(letters[before]))] += 1

    for i, j in structure.pairs:
        found["base_pair", kind(i, j) // 2] += 1
    for loop in loops_of(structure):
        if loop.closing is None:
            found["external_unpaired", 0] += len(loop.unpaired)
            for k, m in loop.branches:
                found["external_paired", 0] += 1
                dangles(m, k, m + 1, k - 1)
            continue
        i, j = loop.closing
        if not loop.branches:
            mismatch(i, j, i + 1, j - 1)
            at_least("lengths.hairpin_at_least", 0, j - i - 1, 30)
        elif len(loop.branches) > 1:
            found["multi_base", 0] += 1
            found["multi_unpaired", 0] += len(loop.unpaired)
            found["multi_paired", 0] += 1 + len(loop.branches)
            dangles(i, j, i + 1, j - 1)
            for k, m in loop.branches:
                dangles(m, k, m + 1, k - 1)
        else:
            ((k, m),) = loop.branches
            left, right = k - i - 1, j - m - 1
            if left + right == 0:
                found["helix_stacking", tuple(sorted((kind(i, j), kind(m, k))))] += 1
                continue
            mismatch(i, j, i + 1, j - 1)
            mismatch(m, k, m + 1, k - 1)
            if 0 in (left, right):
                at_least("lengths.bulge_at_least", 1, left + right, 30)
                if left + right == 1:
                    found["bulge_0x1_nucleotides", LETTERS.index(letters[i + 1] if left else letters[j - 1])] += 1
                continue
            at_least("lengths.internal_at_least", 2, left + right, 30)
            at_least("lengths.internal_asymmetry_at_least", 1, abs(left - right), 28)
            if left == right:
                at_least("lengths.internal_symmetric_at_least", 1, left, 15)
            if max(left, right) <= 4:
                found["lengths.internal_explicit", tuple(sorted((left, right)))] += 1
            if left == right == 1:
                found["internal_1x1_nucleotides", tuple(sorted((LETTERS.index(letters[i + 1]), LETTERS.index(letters[j - 1]))))] += 1
    return found


def triangle(size: int, first: int = 0) -> dict[tuple[int, int], int]:
    return {(i + first, j + first): place for place, (i, j) in enumerate(zip(*np.triu_indices(size), strict=True))}


TRIANGLES = {
    "helix_stacking": triangle(6),
    "lengths.internal_explicit": triangle(4, first=1),
    "internal_1x1_nucleotides": triangle(4),
}


def dressed(structure: str, rng: np.random.Generator) -> str:
    """Letters that pair where the structure does."""
    letters = list(rng.choice(list(LETTERS), len(structure)))
    for i, j in Pairs.from_brackets(structure).pairs:
        letters[i], letters[j] = PAIRS[rng.integers(6)]
    return "".join(letters)


def batch_of(*given: tuple[str, str]) -> Batch:
    cases = [Case(str(index), str(index)) for index in range(len(given))]
    return Batch.of([Sample(case, Letters(letters), Pairs.from_brackets(text)) for case, (letters, text) in zip(cases, given, strict=True)])


@pytest.mark.parametrize("structure", SHAPES)
def test_a_structure_scores_what_its_features_weigh(structure: str) -> None:
    rng = np.random.default_rng(len(structure))
    features = Features()
    with torch.no_grad():
        for parameter in features.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(size=parameter.shape)))
    named = {name: parameter.detach().numpy() for name, parameter in features.named_parameters()}
    model = Contrafold()
    model.features.load_state_dict(features.state_dict())
    for _ in range(20):
        letters = dressed(structure, rng)
        pairs = Pairs.from_brackets(structure)
        wanted = sum(
            count * named[name][TRIANGLES[name][place] if name in TRIANGLES else place]
            for (name, place), count in features_of(letters, pairs).items()
        )
        (folding,) = model.foldings([letters])
        assert score_of(folding, pairs) == pytest.approx(wanted, abs=1e-9)


def test_there_are_336_features() -> None:
    assert sum(parameter.numel() for parameter in Features().parameters()) == 336


@pytest.mark.parametrize(
    ("loss", "decode"), [(ConditionalLogLikelihood(l2=1e-4), "mea"), (StructuredHinge(l2=1e-4), "mfe")], ids=["likelihood", "hinge"]
)
def test_it_learns_a_clover_leaf_and_a_hairpin(loss: object, decode: str) -> None:
    batch = batch_of((TRNA, CLOVER), ("GGGGAAAACCCC", "((((....))))"))
    model = Contrafold(decode=decode)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.2)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        total = sum(model.training_step(batch, loss, "all").values())
        total.backward()
        optimizer.step()
        losses.append(float(total.detach()))
    assert losses[-1] < losses[0] / 2
    found = model.predict(batch)
    assert [each.to_brackets() for each in found] == [CLOVER, "((((....))))"]


def test_the_likelihood_is_that_of_the_structure_among_all() -> None:
    batch = batch_of(("GGGAAAACCC", "(((....)))"))
    model = Contrafold()
    # Without weights every structure is as probable: of so many.
    count = float(torch.exp(model.training_step(batch, ConditionalLogLikelihood(), "all")["likelihood"]).detach())
    assert count == pytest.approx(len(every("GGGAAAACCC")))
