"""Networks on real CT at a quarter of the dose, patients held out: do they beat their input by 2 dB of PSNR, and non-local means as well?

    python benchmarks/real_ct.py [--networks edcnn redcnn ...] [--seeds 3] [--steps 2000] [--device auto] [--out runs/real-ct]
                                [--set KEY=VALUE ...]

Data: `covid-19-ny-sbu` and `totalsegmentator/example_ct_dicom` in the folder `ct` of MEDAI_TEST_DATA, or of ../shared/data beside the
checkout. Training is benchmarks/real_ct.toml, 2,000 steps of 8 patches, by `medai run`, EDCNN and WGAN-VGG without features, each network
at the rate of its scale `small`; `--set` changes it, as for a heavy network on few cores (train.batch=4). Non-local means is tuned on the
training patients alone. Exit code 1 when a margin is missed by a network of which it is wanted: of QAE and WGAN-VGG nothing is.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from medai.io import list_slices

# Named before the first run of this file, and not among the patients (A002304, A056642) on whom the training's settings were chosen; all
# slices of both are measured.
HELD_OUT = ("A027284", "A046441")
HERE = Path(__file__).resolve().parent
INPUT, NON_LOCAL_MEANS, MODEL = "standard/input", "standard/non-local-means", "model"

MARGINS = {INPUT: 2.0, NON_LOCAL_MEANS: 0.0}
"""Least mean gain in dB over each: EDCNN's over both, the other networks' over the input."""
UNBOUND = ("qae", "wgan-vgg")
"""Networks of which no gain is wanted: what they reach is reported as it is."""
WITHOUT_FEATURES = ("edcnn", "wgan-vgg")
"""Networks whose loss has features of published weights, which are left out here."""

Figures = dict[str, dict[str, float]]
"""PSNR in dB by predictor and case."""


def main() -> int:
    given = _arguments()
    data = Path(os.environ.get("MEDAI_TEST_DATA", HERE.parent.parent / "shared" / "data")) / "ct"
    if not data.is_dir():
        print(f"no real CT at {data}: set MEDAI_TEST_DATA", file=sys.stderr)
        return 3
    patients = {list_slices(data / "covid-19-ny-sbu" / name, modality="CT")[0].patient: name for name in HELD_OUT}
    kept = [_try(network, data, patients, given) for network in given.networks]
    return 0 if all(kept) else 1


def _try(network: str, data: Path, patients: dict[str, str], given: argparse.Namespace) -> bool:
    runs = [_run(network, data, list(patients), seed, given) for seed in range(given.seeds)]
    return _report(network, runs, patients)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["edcnn"])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("runs") / "real-ct")
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def _run(network: str, data: Path, held_out: list[str], seed: int, given: argparse.Namespace) -> Figures:
    folder = given.out / network / f"seed-{seed}"
    before = set(folder.glob("*")) if folder.exists() else set()
    folder.mkdir(parents=True, exist_ok=True)
    recipe = folder / "real_ct.toml"
    recipe.write_text((HERE / "real_ct.toml").read_text(encoding="utf-8").replace("ldct/edcnn", f"ldct/{network}"), encoding="utf-8")
    command = [sys.executable, "-m", "medai", "run", str(recipe), "--data", f"ct={data}", "--seed", str(seed)]
    command += ["--set", f"train.steps={given.steps}", "--set", f"train.validate_every={given.steps}"]
    if network in WITHOUT_FEATURES:
        command += ["--set", "loss.perceptual=0.0"]
    if network == "wgan-vgg":
        command += ["--set", "train.views.0.size=80"]  # what its critic is made for
    command += ["--set", f"protocol.split.test={json.dumps(held_out)}", "--device", given.device, "--out", str(folder)]
    command += [word for assignment in given.assignments for word in ("--set", assignment)]
    subprocess.run(command, check=True)
    (run,) = {path for path in folder.glob("*") if path.is_dir()} - before
    figures: Figures = {}
    with (run / "cases.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["status"] == "ok":
                figures.setdefault(row["predictor"], {})[row["case"]] = float(row["psnr"])
    return figures


def _report(network: str, runs: list[Figures], patients: dict[str, str]) -> bool:
    print(f"\n{'patient':10} {'slice':32} {'seed':>4} {'input':>7} {'NLM':>7} {network:>8} {'over input':>11} {'over NLM':>9}")
    margins: dict[str, list[float]] = {name: [] for name in MARGINS}
    for seed, figures in enumerate(runs):
        for case, psnr in sorted(figures[MODEL].items()):
            patient = next(name for group, name in patients.items() if case.startswith(group))
            others = [figures[name][case] for name in margins]
            gains = [psnr - other for other in others]
            print(f"{patient:10} {case:32} {seed:4} {others[0]:7.2f} {others[1]:7.2f} {psnr:8.2f} {gains[0]:+11.2f} {gains[1]:+9.2f}")
        for name, collected in margins.items():
            collected.append(statistics.fmean(figures[MODEL][case] - figures[name][case] for case in figures[MODEL]))
    kept = True
    for name, collected in margins.items():
        mean, wanted = statistics.fmean(collected), network not in UNBOUND and (name == INPUT or network == "edcnn")
        kept &= mean > MARGINS[name] or not wanted
        verdict = f"; more than {MARGINS[name]:g} wanted: {'kept' if mean > MARGINS[name] else 'MISSED'}" if wanted else ""
        print(f"{network} over {name}: {mean:+.2f} dB (seeds {', '.join(f'{value:+.2f}' for value in collected)}){verdict}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
