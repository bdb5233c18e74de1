"""Models that are grammars: what they learn and answer, and that a state holds all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grammar_sampling import sampled

from medai.api import Train
from medai.errors import DataError, PluginError, UsageError
from medai.tasks import Batch, Case, Pairs, Progress, Sample
from medai.tasks import Sequence as Letters
from medai_rna.alignment import Alignment
from medai_rna.datasets.alignments import Alignments, KnownAlignments
from medai_rna.datasets.families import OfFamilies
from medai_rna.datasets.hidden import WithoutStructures
from medai_rna.datasets.tables import KnownStructures
from medai_rna.grammars.grammar import Grammar
from medai_rna.grammars.learning import Example, expectation
from medai_rna.grammars.library import DOWELL_EDDY
from medai_rna.grammars.parsing import Weights, best, strand_of
from medai_rna.models.grammars import DowellEddy, GrammarModel, Scfg, Tornado
from medai_rna.models.hdp import HdpScfg
from medai_rna.models.pfold import Pfold
from medai_rna.models.sakakibara import Sakakibara
from medai_rna.models.yonemoto import Yonemoto


@dataclass
class FakeFeed:
    held: Sequence[Sample[Any, Any]]

    def samples(self, epoch: int = 0) -> Iterator[Sample[Any, Any]]:
        return iter(self.held)


@dataclass
class FakeContext:
    train: Train = field(default_factory=Train)
    loss: Any = None
    seed: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, words: str) -> None:
        self.notes.append(words)


def read(dataset: Any) -> list[Sample[Any, Any]]:
    return [dataset.read(case, np.random.default_rng(0)) for case in dataset.cases()]


def taught(model: Any, held: Sequence[Sample[Any, Any]], steps: int | None = None) -> list[Progress]:
    context: Any = FakeContext(Train(steps=steps))
    return list(model.fit(FakeFeed(held), None, context))


def f1(model: Any, held: Sequence[Sample[Any, Any]]) -> float:
    found = model.predict(Batch.of(held))
    known = [set(sample.reference.pairs) for sample in held if sample.reference is not None]
    right = [len(set(one.pairs) & pairs) for one, pairs in zip(found, known, strict=True)]
    every = [len(one.pairs) + len(pairs) for one, pairs in zip(found, known, strict=True)]
    return 2 * sum(right) / sum(every)


TRNA = read(OfFamilies(KnownStructures(pairs="nested"), ("tRNA",)))
SMALL = [sample for sample in read(KnownStructures(pairs="foldable")) if len(sample.inputs.letters) < 60]

MODELS: dict[str, tuple[Callable[[], Any], list[Sample[Any, Any]]]] = {
    "counted": (lambda: DowellEddy("G6"), SMALL),
    "ambiguous": (lambda: DowellEddy("G2", rounds=4), SMALL[:6]),
    "loops": (lambda: Tornado("stacking"), SMALL),
    "template": (lambda: Sakakibara(rounds=3), TRNA[:3]),
    "hierarchical": (lambda: HdpScfg(nonterminals=2, rounds=4), SMALL[:6]),
    "hybrid": (lambda: Yonemoto("G6", iterations=2, rounds=3), [*SMALL[:5], Sample(Case("x", "x"), SMALL[5].inputs)]),
    "columns": (Pfold, read(KnownAlignments())[:3]),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_state_taken_up_goes_on_and_answers_alike(name: str) -> None:
    make, held = MODELS[name]
    whole: Any = make()
    steps = taught(whole, held)
    assert [progress.step for progress in steps] == list(range(1, len(steps) + 1))
    assert all(np.isfinite(float(value)) for progress in steps for value in progress.losses.values())
    half: Any = make()
    context: Any = FakeContext()
    fitting = half.fit(FakeFeed(held), None, context)
    next(fitting)
    again: Any = make()
    again.load_state_dict(half.state_dict())
    assert len(taught(again, held)) == len(steps) - 1
    np.testing.assert_allclose(again.parameters, whole.parameters, atol=1e-12)
    asked = held[:2]
    answers = whole.predict(Batch.of(asked))
    assert answers == again.predict(Batch.of(asked))
    for sample, structure in zip(asked, answers, strict=True):
        assert Pairs.of(structure.pairs, len(sample.inputs.letters)) == structure
        assert all(j - i > 3 for i, j in structure.pairs)


def test_a_state_of_another_grammar_is_refused() -> None:
    with pytest.raises(PluginError, match="another grammar"):
        DowellEddy("G5").load_state_dict(DowellEddy("G6").state_dict())
    with pytest.raises(UsageError, match="one of G1"):
        DowellEddy("G9")  # type: ignore[arg-type]


def test_counting_is_counting() -> None:
    model = DowellEddy("G5", prior=1.0)
    structure = Pairs.from_brackets("((...))...")
    heard = taught(model, [Sample(Case("one", "one"), Letters("GCAAAGCUUU"), structure)])
    assert len(heard) == 2  # the second round changes nothing
    names = model.grammar.names()
    by_name = dict(zip(names, model.parameters, strict=True))
    # S -> a S six times, S -> a S a' S twice, S -> e three times: one behind each pair's inside, and at the end.
    np.testing.assert_allclose(model.parameters[:3], np.array([7, 3, 4]) / 14)
    assert by_name["single:A"] == pytest.approx(4 / 10) and by_name["pair:GC"] == pytest.approx(2 / 18)


def test_decoders_differ_and_canonical_pairs_can_be_asked_for() -> None:
    learnt = DowellEddy("G6S", decode="mea")
    taught(learnt, SMALL)
    letters = SMALL[0].inputs.letters
    batch = Batch.of(SMALL[:1])
    likeliest = DowellEddy("G6S")
    likeliest.load_state_dict(learnt.state_dict())
    assert likeliest.predict(batch)[0] == best(learnt.weights, strand_of(letters)).structure
    more, fewer = DowellEddy("G6S", decode="mea", gamma=50.0), DowellEddy("G6S", decode="mea", gamma=0.05)
    for model in (more, fewer):
        model.load_state_dict(learnt.state_dict())
    assert len(more.predict(batch)[0].pairs) > len(fewer.predict(batch)[0].pairs)
    strict = DowellEddy("G6S", decode="mea", gamma=50.0, canonical=True)
    strict.load_state_dict(learnt.state_dict())
    assert all(letters[i] + letters[j] in {"AU", "UA", "GC", "CG", "GU", "UG"} for i, j in strict.predict(batch)[0].pairs)


def test_what_the_grammar_cannot_make_is_left_out_and_said() -> None:
    model: Any = GrammarModel("S -> a P a'\nP -> a P a' | x{3..4}")
    context: Any = FakeContext()
    good, bad = (Sample(Case(name, name), Letters(letters), Pairs.from_brackets(text)) for name, letters, text in (
        ("good", "GCAAAGC", "((...))"), ("bad", "GCAAAAAGC", "((.....))"))
    )  # fmt: skip
    list(model.fit(FakeFeed([good, bad]), None, context))
    assert context.notes == ["1 of the training sequences cannot be made by the grammar with their structures and are left out: bad"]
    with pytest.raises(DataError, match="can make none"):
        taught(GrammarModel("S -> a P a'\nP -> x{3..4}"), [bad])


def test_a_grammar_of_ones_own_is_given_as_text() -> None:
    model = Scfg("S -> a S | L S | e\nL -> a P a'\nP -> [c] a P a' [c'] | L L | x{3..9}")
    taught(model, SMALL[:4])
    assert model.predict(Batch.of(SMALL[:1]))[0].pairs
    with pytest.raises(DataError, match="the grammar's line 2, column 6: T has no rules"):
        Scfg("S -> a L\nL -> T")


def test_the_template_learns_the_cloverleaf() -> None:
    model = Sakakibara(rounds=2)
    taught(model, TRNA[:8])
    assert f1(model, TRNA[14:]) > 0.9
    with pytest.raises(DataError, match="no training sequence has one"):
        taught(Sakakibara(), [Sample(sample.case, sample.inputs) for sample in TRNA[:2]])


def test_sequences_without_structures_teach_the_template_too() -> None:
    few = [TRNA[0], *(Sample(sample.case, sample.inputs) for sample in TRNA[1:6])]
    alone, together = Sakakibara(rounds=2), Sakakibara(rounds=2)
    taught(alone, few[:1])
    taught(together, few)
    held = [Example.of(sample.case.id, sample.inputs.letters, sample.reference) for sample in TRNA[15:]]
    assert expectation(together.weights, held).per_base > expectation(alone.weights, held).per_base + 0.05


def test_sequences_alone_change_the_hybrid_and_raise_the_likelihood_of_others() -> None:
    grammar, rng = Grammar(DOWELL_EDDY["G6"]), np.random.default_rng(2)
    truth = grammar.even()
    truth[grammar.tables["single"].start : grammar.tables["single"].start + 4] = [0.55, 0.1, 0.1, 0.25]
    letters = [sampled(grammar, truth, rng, 40) for _ in range(75)]
    weights = Weights(grammar, truth)
    known = [
        Sample(Case(f"known{index}", "known"), Letters(each), best(weights, strand_of(each)).structure)
        for index, each in enumerate(letters[:4])
    ]
    alone: list[Sample[Any, Any]] = [Sample(Case(f"alone{index}", "alone"), Letters(each)) for index, each in enumerate(letters[4:45])]
    held = [Example(str(index), each) for index, each in enumerate(letters[45:])]
    found = {}
    for name, share in (("with", 1.0), ("without", 0.0)):
        model = Yonemoto("G6", unlabelled=share, iterations=3, rounds=4)
        taught(model, [*known, *alone])
        found[name] = expectation(Weights(grammar, model.parameters), held).per_base
    assert found["with"] > found["without"] + 0.01
    assert found["with"] > expectation(Weights(grammar, grammar.even()), held).per_base


def test_the_hybrid_learns_to_tell_known_structures_from_others() -> None:
    model = Yonemoto("G6", iterations=8, rounds=2)
    heard = taught(model, SMALL[:8])
    counted = DowellEddy("G6", decode="mea")
    taught(counted, SMALL[:8])
    assert float(heard[-1].losses["conditional"]) < float(heard[0].losses["conditional"])
    assert f1(model, SMALL[:8]) > f1(counted, SMALL[:8])


def test_rows_of_an_alignment_say_more_than_one() -> None:
    # A stem whose pairs change together, in letters that would also pair elsewhere.
    rows = ("GGCAGAAAAACUGCCAAAAA", "GACUGAAAAACAGUCAAAAA", "CGCACAAAAAGUGCGAAAAA", "UGGAGAAAAACUCCAAAAAA")
    given = Alignment.of([(f"row{index}", row) for index, row in enumerate(rows)])
    stem = Pairs.from_brackets("(((((.....))))).....")
    batch = Batch.of([Sample(Case("a", "a"), given)])
    assert Pfold().predict(batch)[0] == stem
    single = Batch.of([Sample(Case("s", "s"), Letters(rows[0]))])
    assert set(Pfold(gamma=8.0).predict(single)[0].pairs) & set(stem.pairs)


def test_alignments_are_read_with_their_consensus(tmp_path: Path) -> None:
    Alignments.write_stub(tmp_path, 5, 0)
    found = read(Alignments(tmp_path))
    assert [sample.case.group for sample in found] == [f"RF{index:05d}" for index in range(1, 6)]
    assert all(len(sample.inputs.rows) == 4 for sample in found)
    assert all(sample.reference is not None and len(sample.inputs.letters) == sample.reference.length for sample in found)
    opened = Alignments.unlabelled([tmp_path / "seed.sto"])
    assert [case.id for case in opened.cases()] == [sample.case.id for sample in found]
    fasta = tmp_path / "one.fasta"
    fasta.write_text(">one\nGGGAAACCC\n")
    assert read(Alignments.unlabelled([fasta]))[0].inputs == Letters("GGGAAACCC")
    with pytest.raises(UsageError, match="number of columns"):
        Alignments(tmp_path, longest=0)
    assert len(read(KnownAlignments())) == 12


def test_views_choose_families_and_keep_structures_back() -> None:
    source = KnownStructures(pairs="nested")
    assert {sample.case.group for sample in TRNA} == {"tRNA"} and len(TRNA) == 18
    with pytest.raises(DataError, match="no sequence of RF00001, but of"):
        OfFamilies(source, ("RF00001",))
    hidden = WithoutStructures(source, 0.5)
    kept = sum(sample.reference is not None for sample in read(hidden))
    assert 15 < kept < len(source.cases()) - 15
    assert all(sample.reference is None for sample in read(WithoutStructures(source, 1.0)))
    with pytest.raises(UsageError, match="share"):
        WithoutStructures(source, 2.0)
