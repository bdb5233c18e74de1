"""medai as a library, without its command line: build components by id, predict, measure; run a recipe and use what it learnt."""

import sys

import numpy as np

from medai.api import build, predictor, run
from medai.tasks import Batch

phantom = build("ldct/simulated", source=build("ldct/phantom", subjects=2, slices=1, size=64))
samples = [phantom.read(case, np.random.default_rng(0)) for case in phantom.cases()]

metric = build("medai/psnr", window=(-160.0, 240.0))
for id, parameters in {"standard/input": {}, "standard/non-local-means": {"h": 25.0}}.items():
    answers = predictor(id, task="restoration", **parameters).predict(Batch.of(samples))
    figures = metric.total([metric.case(answer, sample) for answer, sample in zip(answers, samples, strict=True)])
    print(f"{id}: {figures['psnr']:.2f} dB")

learnt = run("standard/classify-table", out=sys.argv[1] if len(sys.argv) > 1 else "runs")
print(f"AUC {learnt.figures['auc']:.3f}, report in {learnt.folder}")
