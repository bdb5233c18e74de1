"""What folding costs beside ViennaRNA, in the same run with the same parameters: time on one thread, memory, and how it scales.

    python benchmarks/rna_folding.py
    python benchmarks/rna_folding.py --lengths 200 500 --sequences 1000

CPU time of a process of its own for each figure, the least of a few. Memory is what the process held at most beyond what it held after a
short sequence. Exit code 1 when the best structure, or the partition function with the structure of maximum expected accuracy, takes
longer than ViennaRNA's or more than twice its memory, when all cores of two or more fold less than 0.9 times as many as there are, or when
energies or partition functions of random sequences differ from ViennaRNA's by more than 0.01 kcal/mol or 1e-5.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import RNA
import torch

from medai_rna.energies.par import read_par
from medai_rna.folding import diagonals, differentiable
from medai_rna.folding.best import best_structure
from medai_rna.folding.decode import mea
from medai_rna.folding.ensemble import ensemble
from medai_rna.folding.problem import Folding, each
from medai_rna.folding.scores import Scores

MEMORY = 2.0
SCALING = 0.9
SHORT = 60


def main() -> int:
    args = _arguments()
    if args.one:
        who, what, length = args.one.split(":")
        print(json.dumps(_measured(who, what, int(length), args.repeats)))
        return 0
    kept = [_compared(what, length, args.repeats) for what in ("best", "ensemble") for length in args.lengths]
    kept.append(_scaling(args.sequences))
    kept.append(_agrees(args.agreeing))
    if torch.cuda.is_available():
        _on_gpu()
    return 0 if all(kept) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="folding beside ViennaRNA")
    parser.add_argument("--lengths", type=int, nargs="+", default=[200, 500, 1000, 2000])
    parser.add_argument("--sequences", type=int, default=10_000, help="of 100 bases, for how it scales over threads")
    parser.add_argument("--repeats", type=int, default=3, help="of which the least counts")
    parser.add_argument(
        "--agreeing", type=int, default=1000, help="of 20 to 500 bases, of which energies and partition functions are compared"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def _compared(what: str, length: int, repeats: int) -> bool:
    ours, theirs = (_alone(f"{who}:{what}:{length}", repeats) for who in ("medai", "vienna"))
    assert abs(ours["answer"] - theirs["answer"]) < 1e-3 * abs(theirs["answer"]), (ours, theirs)
    ratio = ours["seconds"] / theirs["seconds"]
    # Below a megabyte, what an allocator holds in reserve is all that is seen.
    memory = max(ours["megabytes"], 1.0) / max(theirs["megabytes"], 1.0)
    print(
        f"{what}, {length:,} nt: {ours['seconds']:.3f} s, {ratio:.2f} times ViennaRNA's {theirs['seconds']:.3f}, wanted at most 1; "
        f"{ours['megabytes']:.0f} MB, {memory:.2f} times its {theirs['megabytes']:.0f}, wanted at most {MEMORY:g}",
        flush=True,
    )
    return ratio <= 1 and memory <= MEMORY


def _alone(what: str, repeats: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", what, "--repeats", str(repeats)]
    ended = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def _measured(who: str, what: str, length: int, repeats: int) -> dict[str, float]:
    torch.set_num_threads(1)
    ask = {"medai:best": _best, "vienna:best": _their_best, "medai:ensemble": _ensemble, "vienna:ensemble": _their_ensemble}[
        f"{who}:{what}"
    ]
    ask(_letters(SHORT))
    before = _peak()
    times, answer = [], 0.0
    for _ in range(repeats):
        start = time.process_time()
        answer = ask(_letters(length))
        times.append(time.process_time() - start)
    return {"seconds": min(times), "megabytes": _peak() - before, "answer": answer}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@cache
def _scores() -> Scores:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vienna.par"
        RNA.params_save(str(path))
        return read_par(path).scores()


def _letters(length: int, seed: int = 0) -> str:
    return "".join(random.Random(f"{length} {seed}").choices("ACGU", k=length))


def _best(letters: str) -> float:
    return best_structure(Folding(letters, _scores()))[0]


def _their_best(letters: str) -> float:
    return float(-RNA.fold_compound(letters, RNA.md(dangles=2)).mfe()[1] / _thermal())


def _ensemble(letters: str) -> float:
    found = ensemble(Folding(letters, _scores()))
    mea(found.probabilities)
    return found.log_partition


def _their_ensemble(letters: str) -> float:
    theirs = RNA.fold_compound(letters, RNA.md(dangles=2, pf_smooth=0))
    energy = theirs.pf()[1]
    theirs.MEA()
    return float(-energy / _thermal())


def _thermal() -> float:
    return float(RNA.exp_param().kT / 1000)


def _scaling(sequences: int) -> bool:
    cores = len(os.sched_getaffinity(0))
    foldings = [Folding(_letters(100, seed), _scores()) for seed in range(sequences)]
    best_structure(foldings[0])
    seconds = {threads: _seconds(partial(each, best_structure, foldings, threads)) for threads in sorted({1, cores})}
    for threads, taken in seconds.items():
        print(f"best of {sequences:,} sequences of 100 nt: {taken:.2f} s on {threads} threads, {sequences / taken:,.0f} a second")
    ratio = seconds[1] / seconds[cores]
    if cores > 1:
        print(f"{ratio:.2f} times as fast on {cores} cores, wanted at least {SCALING * cores:.1f}")
    return cores == 1 or ratio >= SCALING * cores


def _agrees(sequences: int) -> bool:
    """Whether energies are equal to 0.01 kcal/mol and logarithms of partition functions to 1e-5 of themselves."""
    energies, partitions = [0.0], [0.0]
    for place in range(sequences):
        letters = _letters(20 + place * 480 // max(1, sequences - 1), place)
        theirs = RNA.fold_compound(letters, RNA.md(dangles=2, pf_smooth=0))
        folding = Folding(letters, _scores())
        energies.append(abs(-best_structure(folding)[0] * _thermal() - theirs.mfe()[1]))
        wanted = -theirs.pf()[1] / _thermal()
        partitions.append(abs(ensemble(folding).log_partition - wanted) / max(1.0, abs(wanted)))
    print(
        f"{sequences:,} sequences: energies at most {max(energies):.4f} kcal/mol from ViennaRNA's, ln Z {max(partitions):.1e} of itself",
        flush=True,
    )
    return max(energies) <= 0.01 and max(partitions) <= 1e-5


def _on_gpu() -> None:
    for length in (100, 200, 500):
        foldings = [Folding(_letters(length, seed), _scores()) for seed in range(64)]
        for name, batched, alone in (
            ("best score", diagonals.best_score, differentiable.best_score),
            ("partition function", diagonals.log_partition, differentiable.log_partition),
        ):
            batched(foldings, "cuda")
            there, here = _seconds(partial(_waited, batched, foldings)), _seconds(partial(alone, foldings))
            print(f"{name}, {length} nt: {64 / there:,.0f} sequences a second on the GPU, {64 / here:,.0f} on the CPU")


def _waited(batched: Callable[[list[Folding], str], torch.Tensor], foldings: list[Folding]) -> list[float]:
    found: list[float] = batched(foldings, "cuda").tolist()
    return found


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
