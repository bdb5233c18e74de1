"""Methods of medai-rna trained on training set A: F1 on VL0 and on ArchiveII, beside minimum free energy by ViennaRNA and by medai-rna.

    python benchmarks/rna_methods.py [--recipes contrafold ...] [--leave-out tRNA ...] [--set KEY=VALUE ...] [--out runs/rna-methods]

Data: the folder `rna` of MEDAI_TEST_DATA, or of ../shared/data beside the checkout: `trainseta.csv` for training, `vl0_canonical.csv` and
`archiveii_five_families.csv` for testing, nested and canonical pairs, sequences of up to 500 bases in training and up to 600 of ArchiveII.
What stands in a test file too is left out of training. F1 is the mean over sequences of exact pairs, its interval a bootstrap over
sequences; of ArchiveII, the mean over families is printed beside it. `--leave-out` trains on the other families of ArchiveII instead, and
tests on one that was never trained on. Exit code 1 when CONTRAfold does not reach ViennaRNA's minimum free energy on VL0 by 0.02.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from medai.tasks import Pairs
from medai_rna.datasets.tables import StructureTable

HERE = Path(__file__).resolve().parent
TRAINING, TESTS = "trainseta.csv", {"vl0": "vl0_canonical.csv", "archive": "archiveii_five_families.csv"}
LONGEST = {"vl0": None, "archive": 600}
MARGIN = 0.02
RECIPES = ("contrafold", "dowell-eddy-grammars", "rivas-2012-tornado", "ssvm-structured-svm", "mxfold", "contextfold", "mxfold2")

Figures = dict[str, dict[str, float]]
"""F1 by part and case."""


def main() -> int:
    given = _arguments()
    folder = Path(os.environ.get("MEDAI_TEST_DATA", HERE.parent.parent / "shared" / "data")) / "rna"
    if not folder.is_dir():
        print(f"no RNA at {folder}: set MEDAI_TEST_DATA", file=sys.stderr)
        return 3
    if given.leave_out:
        for recipe in given.recipes:
            for family in given.leave_out:
                _print(f"{recipe} without {family}", _left_out(recipe, folder, family, given), {})
        return 0
    truth = {name: _known(folder / file, LONGEST[name]) for name, file in TESTS.items()}
    families = {f"{case.id}": case.attributes["family"] for case in StructureTable(folder / TESTS["archive"], longest=600).cases()}
    vienna = _by_vienna(truth)
    if vienna:
        _print("ViennaRNA MFE", vienna, families)
    reached = True
    for recipe in given.recipes:
        found, baseline = _trained(recipe, folder, given)
        _print("rna/turner", baseline, families)
        _print(recipe, found, families)
        if recipe == "contrafold" and vienna:
            gain = _mean(found["vl0"]) - _mean(vienna["vl0"])
            print(f"contrafold over ViennaRNA's MFE on vl0: {gain:+.4f} (wanted {MARGIN:+.2f})")
            reached = gain >= MARGIN
    return 0 if reached else 1


def _trained(recipe: str, folder: Path, given: argparse.Namespace) -> tuple[Figures, Figures]:
    """F1 of the method and of the baseline."""
    data = {"structures": folder / TRAINING, **{name: folder / file for name, file in TESTS.items()}}
    text = (HERE / "rna_methods.toml").read_text(encoding="utf-8").replace("rna/contrafold", f"rna/{recipe}")
    run = _run(recipe, text, data, given)
    return _figures(run, "model"), _figures(run, "rna/turner")


def _left_out(recipe: str, folder: Path, family: str, given: argparse.Namespace) -> Figures:
    """F1 on a family of ArchiveII after training on the others."""
    text = f"""extends = "rna/{recipe}"
scale = "small"
data.structures.folder = {{ use = "rna/csv", pairs = "foldable", longest = 500, groups = "family" }}
protocol.split = {{ valid = 0.05, test = ["{family}"], leaks = "drop" }}
"""
    run = _run(f"{recipe}-without-{family}", text, {"structures": folder / TESTS["archive"]}, given)
    return {"model": _figures(run, "model")["structures"], "rna/turner": _figures(run, "rna/turner")["structures"]}


def _run(name: str, text: str, data: Mapping[str, Path], given: argparse.Namespace) -> Path:
    out = given.out / name
    out.mkdir(parents=True, exist_ok=True)
    recipe = out / "recipe.toml"
    recipe.write_text(text, encoding="utf-8")
    slots = [word for slot, path in data.items() for word in ("--data", f"{slot}={path}")]
    settings = [word for value in given.set for word in ("--set", value)]
    command = [sys.executable, "-m", "medai", "run", str(recipe), *slots, *settings, "--device", given.device, "--out", str(out)]
    subprocess.run(command, check=True)
    return max(out.glob("recipe-*/cases.csv"), key=lambda path: path.stat().st_mtime).parent


def _figures(run: Path, predictor: str) -> Figures:
    found: Figures = {}
    with (run / "cases.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["predictor"] == predictor and row["f1"]:
                part, _, case = row["case"].rpartition(":")
                found.setdefault(part or "structures", {})[case] = float(row["f1"])
    return found


def _known(path: Path, longest: int | None) -> dict[str, tuple[str, Pairs]]:
    table = StructureTable(path, pairs="nested-canonical", longest=longest)
    samples = [table.read(case, np.random.default_rng(0)) for case in table.cases()]
    return {sample.case.id: (sample.inputs.letters, sample.reference) for sample in samples if sample.reference is not None}


def _by_vienna(truth: Mapping[str, Mapping[str, tuple[str, Pairs]]]) -> Figures:
    """F1 of ViennaRNA's structures of minimum free energy, by its own parameters; nothing where it is not installed."""
    try:
        import RNA
    except ImportError:
        print("ViennaRNA is not installed: its figures are left out")
        return {}
    return {
        part: {id: _f1(Pairs.from_brackets(RNA.fold(letters)[0]), known) for id, (letters, known) in cases.items()}
        for part, cases in truth.items()
    }


def _f1(found: Pairs, known: Pairs) -> float:
    both, total = len(set(found.pairs) & set(known.pairs)), len(found.pairs) + len(known.pairs)
    return 2 * both / total if total else float("nan")


def _mean(values: Mapping[str, float]) -> float:
    return float(np.nanmean(list(values.values())))


def _print(name: str, figures: Figures, families: Mapping[str, str]) -> None:
    for part, values in figures.items():
        low, high = _interval(list(values.values()))
        line = f"{name:28s} {part:12s} F1 {_mean(values):.4f} ({low:.4f}..{high:.4f}), {len(values)} sequences"
        by_family: dict[str, list[float]] = {}
        for case, value in values.items():
            if case in families:
                by_family.setdefault(families[case], []).append(value)
        if by_family:
            means = {family: float(np.nanmean(each)) for family, each in sorted(by_family.items())}
            line += f"; families {np.mean(list(means.values())):.4f}: " + ", ".join(f"{key} {mean:.3f}" for key, mean in means.items())
        print(line, flush=True)


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Of 95 %, by 1,000 resamples of sequences."""
    numbers = np.array(values)
    drawn = np.random.default_rng(0).integers(0, len(numbers), (1000, len(numbers)))
    low, high = np.nanpercentile(np.nanmean(numbers[drawn], axis=1), (2.5, 97.5))
    return float(low), float(high)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES))
    parser.add_argument("--leave-out", nargs="+", default=[], metavar="FAMILY")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("runs/rna-methods"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
