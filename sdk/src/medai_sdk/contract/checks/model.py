"""Checks of a model."""

from __future__ import annotations

from medai_sdk.contract.check import Broken, check
from medai_sdk.contract.subjects import ModelSubject


@check("model.answers-each-case", "predict gives one prediction per case, as the task has it")
def answers_each_case(subject: ModelSubject) -> None:
    batch = subject.batch(2)
    answers = subject.predictor().predict(batch)
    if len(answers) != 2:
        raise Broken(f"{len(answers)} predictions for a batch of 2", "give one prediction per case, in order")
