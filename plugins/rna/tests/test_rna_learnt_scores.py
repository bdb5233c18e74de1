"""MXfold, ContextFold and MXfold2: what they start from, what a step does, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medai.errors import DataError, MemoryFault, UsageError
from medai.tasks import Batch, Case, Pairs, Sample
from medai.tasks import Sequence as Letters
from medai_rna.energies import load
from medai_rna.folding.best import best_structure
from medai_rna.folding.structure import score_of
from medai_rna.losses.structured import ConditionalLogLikelihood, StructuredHinge
from medai_rna.models.contextfold import Contextfold
from medai_rna.models.mxfold import Mxfold, TableWeights
from medai_rna.models.mxfold2 import Mxfold2
from medai_rna.models.turner import Turner
from medai_rna.scored import Scored, with_margin

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
CLOVER = "(((((((..((((........)))).((((.........)))).....(((((.......))))))))))))...."
SMALL = {"embedding": 8, "filters": 8, "layers": 2, "units": 4, "hidden": 8}
ODD = "((((..((((........))))...........)))).."
"""A structure that no energy asks for."""
ODD_LETTERS = "GGAAAAGGUUAAAAAAAAGGUUAAAAAAAAAAAUUCCAA"


def batch_of(*given: tuple[str, str]) -> Batch:
    cases = [Case(str(index), str(index)) for index in range(len(given))]
    return Batch.of([Sample(case, Letters(letters), Pairs.from_brackets(text)) for case, (letters, text) in zip(cases, given, strict=True)])


BATCH = batch_of((TRNA, CLOVER), (ODD_LETTERS, ODD))


def letters_of(batch: Batch) -> list[str]:
    return [item.letters for item in batch.inputs]


def test_without_weights_mxfold_is_turners_energies() -> None:
    model, turner = Mxfold(), Turner()
    assert model.predict(BATCH) == turner.predict(BATCH)
    (folding, _), scores = model.foldings(letters_of(BATCH)), load("turner-2004").scores()
    assert torch.equal(folding.scores.pack(), scores.pack())


def test_a_loop_weighs_the_same_from_either_of_its_pairs() -> None:
    weights = TableWeights()
    with torch.no_grad():
        weights.flat.copy_(torch.from_numpy(np.random.default_rng(0).normal(size=weights.flat.shape)))
    scores = weights()
    turned = {"stack": (1, 0), "bulge_one": (1, 0), "interior_11": (1, 0, 3, 2), "interior_22": (1, 0, 4, 5, 2, 3), "interior_size": (1, 0)}
    for name, axes in turned.items():
        table = getattr(scores, name)
        assert torch.equal(table, table.permute(axes)), name
        assert float(table.abs().max()) > 0


@pytest.mark.parametrize("model", [Mxfold(), Mxfold2(**SMALL, dropout=0.0)], ids=["mxfold", "mxfold2"])
def test_with_a_margin_it_learns_structures_that_energies_do_not_ask_for(model: torch.nn.Module) -> None:
    torch.manual_seed(0)
    loss = StructuredHinge(missed=1.0, false=0.1, l1=1e-6, thermodynamic=1e-4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    wanted = [structure.to_brackets() for structure in BATCH.reference]
    assert [each.to_brackets() for each in model.eval().predict(BATCH)] != wanted
    model.train()
    for _ in range(60):
        optimizer.zero_grad()
        found = model.training_step(BATCH, loss, "all")
        assert set(found) == {"hinge", "l1", "thermodynamic"}
        sum(found.values()).backward()
        optimizer.step()
    assert [each.to_brackets() for each in model.eval().predict(BATCH)] == wanted


def test_a_passive_aggressive_step_goes_just_as_far_as_it_must() -> None:
    model = Contextfold(aggressiveness=1e9)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    one = batch_of((TRNA, CLOVER))
    known = Pairs.from_brackets(CLOVER)

    def against(rival: Pairs) -> float:
        (folding,) = model.foldings([TRNA])
        margin, constant = with_margin(folding, known, 1.0, 1.0)
        return score_of(margin, rival) + constant - score_of(folding, known)

    (folding,) = model.foldings([TRNA])
    _, rival = best_structure(with_margin(folding, known, 1.0, 1.0)[0])
    assert against(rival) == pytest.approx(len(set(known.pairs) ^ set(rival.pairs)))
    found = model.training_step(one, None, "all")["hinge"]
    found.backward()
    optimizer.step()
    assert against(rival) == pytest.approx(0.0, abs=1e-9)


def test_contextfold_steps_no_farther_than_it_is_told() -> None:
    model = Contextfold(aggressiveness=1e-3)
    found = model.training_step(batch_of((TRNA, CLOVER)), None, "all")["hinge"]
    found.backward()
    slopes = torch.cat([parameter.grad.reshape(-1) for parameter in model.parameters()])
    assert float(slopes.abs().max()) == pytest.approx(1e-3 * round(float(slopes.abs().max()) / 1e-3))
    assert float(slopes.abs().max()) > 0


def test_contextfold_learns_and_predicts_by_the_mean_of_its_weights() -> None:
    model = Contextfold()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    assert sum(parameter.numel() for parameter in model.parameters()) == 72_680
    steps = [batch_of((TRNA, CLOVER)), batch_of((ODD_LETTERS, ODD))]
    seen = []
    for _ in range(25):
        for each in steps:
            optimizer.zero_grad()
            seen.append(model.weights().detach().clone())
            model.training_step(each, None, "all")["hinge"].backward()
            optimizer.step()
    assert torch.allclose(model.mean, torch.stack(seen).mean(0))
    now = model.weights().detach().clone()
    assert [each.to_brackets() for each in model.predict(BATCH)] == [CLOVER, ODD]
    assert torch.equal(model.weights(), now)


def test_mxfold2_answers_each_sequence_as_if_it_were_alone() -> None:
    torch.manual_seed(0)
    model = Mxfold2(**SMALL).eval()
    together = model.foldings(letters_of(BATCH))
    for letters, folding in zip(letters_of(BATCH), together, strict=True):
        (alone,) = model.foldings([letters])
        assert torch.allclose(folding.positions.planes, alone.positions.planes, atol=1e-6)


def test_convolutions_over_pairs_are_an_option() -> None:
    torch.manual_seed(0)
    model = Mxfold2(**SMALL, pair_layers=2).eval()
    (folding,) = model.foldings(["GGGAAACCC"])
    assert folding.positions.planes.shape == (8, 9, 9)
    assert float(folding.positions.planes.detach().abs().max()) > 0


def test_what_a_loss_wants_and_a_model_lacks_is_said() -> None:
    with pytest.raises(UsageError, match="has no loss of its own"):
        Mxfold().training_step(BATCH, None, "all")
    with pytest.raises(UsageError, match="brings its own loss"):
        Contextfold().training_step(BATCH, StructuredHinge(), "all")
    (folding,) = Mxfold().foldings([TRNA])
    with pytest.raises(UsageError, match="has no energies beside"):
        StructuredHinge(thermodynamic=1.0)(Scored((folding,), torch.zeros(1)), [Pairs.from_brackets(CLOVER)])
    with pytest.raises(UsageError, match="missed = -1"):
        StructuredHinge(missed=-1)
    with pytest.raises(UsageError, match="l2 = -1"):
        ConditionalLogLikelihood(l2=-1)
    with pytest.raises(UsageError, match="decode = 'best'"):
        Mxfold(decode="best")


@pytest.mark.parametrize("model", [Contextfold(), Mxfold2(**SMALL)], ids=["contextfold", "mxfold2"])
def test_a_sequence_too_long_for_memory_is_refused_before_it_is_taken(model: torch.nn.Module) -> None:
    with pytest.raises(MemoryFault, match=r"a sequence of 400,000 bases needs .* GiB of memory"):
        model.foldings(["A" * 400_000])


def test_the_case_that_is_too_long_to_learn_from_is_named() -> None:
    given = {"small": TRNA, "giant": "A" * 400_000}
    batch = Batch.of([Sample(Case(id, id), Letters(letters), Pairs((), len(letters))) for id, letters in given.items()])
    with pytest.raises(
        MemoryFault, match=r"^case giant: a sequence of 400,000 bases .*\(--set data\.NAME\.folder\.longest=N leaves longer ones out\)$"
    ):
        Mxfold2(**SMALL).training_step(batch, StructuredHinge(), "all")


@pytest.mark.parametrize(
    ("model", "loss"),
    [(Mxfold(), StructuredHinge()), (Mxfold2(**SMALL), ConditionalLogLikelihood()), (Contextfold(), None)],
    ids=["mxfold", "mxfold2", "contextfold"],
)
@pytest.mark.parametrize(
    ("letters", "brackets", "reason"),
    [
        ("GGGGAAAACCCCAAGG", "((((....[[))))]]", "the pair .* crosses another"),
        ("GGGGAAAACCCA", "((((....))))", "the pair G1-A12 cannot be"),
    ],
)
def test_a_structure_that_loops_cannot_make_up_is_named(
    model: torch.nn.Module, loss: object, letters: str, brackets: str, reason: str
) -> None:
    batch = batch_of((TRNA, CLOVER), (letters, brackets))
    with pytest.raises(DataError, match=rf"^case 1: its structure .* {reason}.*; .*--set data\.NAME\.folder\.pairs=foldable"):
        model.training_step(batch, loss, "all")
