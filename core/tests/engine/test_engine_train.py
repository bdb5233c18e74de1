from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from enginetoys import Bench, Exploding, MeanError, Points, feed_of, learner_of, plain
from torch import nn

from medai._engine import train as engine_train
from medai._engine.checkpoint import load_state, save_state
from medai._engine.evaluate import Figure, evaluate
from medai._engine.feed import Quarantine
from medai._engine.listener import Listener
from medai._engine.models import load_weights
from medai._engine.module import ModuleLearner
from medai._engine.train import Journal, Standing, drive
from medai._results.bootstrap import Interval
from medai._results.folder import RunFolder
from medai.api import Train, use
from medai.errors import DivergedError, EnvironmentFault, PluginError, UsageError
from medai.tasks import Progress
from medai.tasks.restoration import Restoration

ADAM = {"all": use("Adam", lr=1e-2)}


class KilledError(BaseException):
    """Stands for SIGKILL: nothing is tidied up."""


def dying(at: int) -> type[ModuleLearner]:
    class Dying(ModuleLearner):
        def fit(self, train: Any, valid: Any, context: Any) -> Iterator[Progress]:
            for progress in super().fit(train, valid, context):
                yield progress
                if progress.step == at:
                    raise KilledError

    return Dying


class Ear(Listener):
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.validations: list[tuple[int, bool]] = []

    def warn(self, text: str) -> None:
        self.heard.append(text)

    def validated(self, step: int, figures: Any, best: bool) -> None:
        self.validations.append((step, best))


def run(
    root: Path,
    train: Train,
    *,
    loss: Any = None,
    kind: Any = None,
    module: nn.Module | None = None,
    figures: Callable[[], Any] | None = None,
    ear: Ear | None = None,
    validates: bool = True,
    quarantine: Quarantine | None = None,
) -> tuple[Standing, Any]:
    folder = RunFolder(root)
    root.mkdir(exist_ok=True)
    learner = learner_of(plain(dropout=0.3) if module is None else module, kind)
    valid = feed_of(Points(count=3), part="valid")

    def validate() -> Any:
        return evaluate(learner, valid, Restoration(), [MeanError()], with_intervals=False).figures

    standing = drive(
        learner,
        feed_of(Points(count=12)),
        valid,
        Bench(root).context(train, loss),
        folder,
        (figures or validate) if validates else None,
        ear or Ear(),
        quarantine or Quarantine(0.1),
    )
    return standing, learner


def journal(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in RunFolder(root).journal.read_text(encoding="utf-8").splitlines()]


def scripted(*values: float, better: str = "lower") -> Callable[[], dict[str, Figure]]:
    left = list(values)
    return lambda: {"mse": Figure(left.pop(0), Interval(None, None, ""), better)}


@pytest.mark.parametrize("cut", [1, 5, 6, 8, 13, 23])
def test_killed_and_resumed_gives_the_same_files(tmp_path: Path, cut: int) -> None:
    train = Train(
        batch=3, steps=23, optimizers=ADAM, schedule=use("MultiStepLR", milestones=[5, 9]), warmup=4, validate_every=4, save_every=3
    )
    whole, _ = run(tmp_path / "whole", train)
    with pytest.raises(KilledError):
        run(tmp_path / "cut", train, kind=dying(cut))
    again, _ = run(tmp_path / "cut", train)
    assert again == whole and again.finished
    assert journal(tmp_path / "cut") == journal(tmp_path / "whole")
    for name in ("last", "best"):
        ours, theirs = (getattr(RunFolder(tmp_path / root), name).read_bytes() for root in ("cut", "whole"))
        assert ours == theirs
    assert run(tmp_path / "cut", train)[0] == whole, "what is finished is not trained again"
    assert not list((tmp_path / "cut" / "checkpoints").glob(".*"))


def test_what_was_left_out_before_the_cut_is_still_known_after_it(tmp_path: Path) -> None:
    train = Train(batch=3, steps=8, optimizers=ADAM, validate_every=2)
    before, after = Quarantine(0.1), Quarantine(0.1)
    before.reasons["train c7"] = "is spoilt"
    with pytest.raises(KilledError):
        run(tmp_path, train, kind=dying(5), quarantine=before)
    (tmp_path / "checkpoints" / ".1234-last.safetensors").write_bytes(b"half of a save")
    run(tmp_path, train, quarantine=after)
    assert after.reasons == {"train c7": "is spoilt"}
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"last.safetensors", "best.safetensors"}


def test_killed_twice_and_before_the_first_checkpoint(tmp_path: Path) -> None:
    train = Train(batch=3, steps=45, optimizers=ADAM, validate_every=25, save_every=30)
    run(tmp_path / "whole", train)
    for cut in (28, 29, 41, 44):
        with pytest.raises(KilledError):
            run(tmp_path / "cut", train, kind=dying(cut))
    run(tmp_path / "cut", train)
    assert journal(tmp_path / "cut") == journal(tmp_path / "whole")


def test_a_line_that_was_being_written_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = [{"kind": "train", "step": 20, "epoch": 1, "loss": 1.0}, {"kind": "valid", "step": 30, "epoch": 1, "mse": 1.0}]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"kind": "train", "st', encoding="utf-8")
    Journal(path, 30, 25)
    assert path.read_text(encoding="utf-8") == json.dumps(lines[0]) + "\n"
    path.write_text('{"kind": "tr', encoding="utf-8")
    Journal(path, 0, 0).add("train", 1, 0, {"loss": 2.0, "other": float("nan")})
    assert json.loads(path.read_text(encoding="utf-8")) == {"kind": "train", "step": 1, "epoch": 0, "loss": 2.0, "other": None}


def test_the_journal_holds_means_between_lines(tmp_path: Path) -> None:
    run(tmp_path, Train(batch=3, steps=43, optimizers=ADAM, validate_every=1000), validates=False)
    assert [line["step"] for line in journal(tmp_path)] == [20, 40, 43]
    held = Journal(tmp_path / "other.jsonl", 0, 0)
    losses: tuple[torch.Tensor | float, ...] = (1.0, torch.tensor(2.0), 6.0)
    for step, loss in enumerate(losses, 1):
        held.hold(Progress(step, 0, losses={"loss": loss}))
    assert held.flush(tmp_path / "none") == {"loss": 3.0} and held.flush(tmp_path / "none") == {}


def test_a_loss_that_is_not_a_number_stops_with_all_that_is_needed_to_look(tmp_path: Path) -> None:
    train = Train(batch=3, steps=30, optimizers=ADAM, validate_every=4)
    feed = feed_of(Points(count=12))
    batches = [batch for epoch in range(3) for batch in feed.batches(epoch, 3)]
    wanted = ", ".join(case.id for case in batches[9].cases)
    with pytest.raises(DivergedError) as caught:
        run(tmp_path, train, loss=Exploding(at=10))
    said = str(caught.value)
    assert "loss is nan at step 10" in said and f"cases {wanted};" in said
    assert f"last good checkpoint is {RunFolder(tmp_path).last}" in said
    state = load_state(RunFolder(tmp_path).last)
    assert state["standing"]["step"] == 8
    assert all(bool(torch.isfinite(tensor).all()) for tensor in state["learner"]["module"].values())
    with pytest.raises(DivergedError, match=r"at step 1, .*no checkpoint had been saved"):
        run(tmp_path / "early", train, loss=Exploding(at=1))


@pytest.mark.parametrize("validates", [True, False])
def test_weights_that_are_not_finite_are_a_divergence_too(tmp_path: Path, validates: bool) -> None:
    """The loss of a step may be finite, and the weights after it not."""

    class Blowing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return pixels * self.scale

    train = Train(batch=3, steps=4, optimizers={"all": use("SGD", lr=1e38)}, validate_every=1)

    def huge(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (output * 100).sum()

    with pytest.raises(DivergedError, match=r"module\.scale is not finite.*step 1, cases c\d+, "):
        run(tmp_path, train, loss=huge, module=Blowing(), validates=validates)
    assert not RunFolder(tmp_path).last.exists() and not RunFolder(tmp_path).best.exists()


def test_a_prediction_against_the_conventions_stays_the_plugins_fault(tmp_path: Path) -> None:
    def wrong() -> Any:
        raise PluginError("the prediction is of another shape")

    with pytest.raises(PluginError, match="another shape"):
        run(tmp_path, Train(batch=3, steps=2, optimizers=ADAM), figures=wrong)


def test_patience_stops_and_the_best_is_kept(tmp_path: Path) -> None:
    ear = Ear()
    train = Train(batch=3, steps=40, optimizers=ADAM, validate_every=2, patience=3)
    standing, _ = run(tmp_path, train, figures=scripted(3.0, 2.0, 2.0, float("nan"), 5.0), ear=ear)
    assert (standing.step, standing.best, standing.best_step, standing.stale) == (10, 2.0, 4, 3)
    assert ear.validations == [(2, True), (4, True), (6, False), (8, False), (10, False)]
    assert ear.heard == ["stopped at step 10: 3 validations without a better figure"]
    assert load_state(RunFolder(tmp_path).best)["standing"]["step"] == 4


def test_patience_that_ran_out_before_the_kill_stays_run_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(Ear):
        def warn(self, text: str) -> None:
            raise KilledError

    train = Train(batch=3, steps=40, optimizers=ADAM, validate_every=2, patience=1)
    with pytest.raises(KilledError):
        run(tmp_path, train, figures=scripted(1.0, 2.0), ear=Deaf())
    standing, _ = run(tmp_path, train, figures=scripted())
    assert (standing.step, standing.finished) == (4, True)


@pytest.mark.parametrize(("better", "best"), [("higher", 6), ("lower", 2)])
def test_which_way_is_better(tmp_path: Path, better: str, best: int) -> None:
    train = Train(batch=3, steps=6, optimizers=ADAM, validate_every=2)
    standing, _ = run(tmp_path, train, figures=scripted(1.0, 2.0, 3.0, better=better))
    assert standing.best_step == best


def test_the_figure_to_select_by(tmp_path: Path) -> None:
    def two() -> dict[str, Figure]:
        return {"a": Figure(1.0, Interval(None, None, ""), "lower"), "b": Figure(2.0, Interval(None, None, ""), "lower")}

    assert run(tmp_path, Train(batch=3, steps=2, optimizers=ADAM, select="b"), figures=two)[0].best == 2.0
    with pytest.raises(UsageError, match=r"train\.select = 'c': the metrics give a, b; 'last' keeps"):
        run(tmp_path / "c", Train(batch=3, steps=2, optimizers=ADAM, select="c"), figures=two)


def test_the_last_weights_are_kept_where_the_recipe_says_so(tmp_path: Path) -> None:
    ear, train = Ear(), Train(batch=3, steps=6, optimizers=ADAM, validate_every=2, select="last")
    standing, learner = run(tmp_path, train, figures=scripted(1.0, 2.0, 3.0), ear=ear)
    assert ear.validations == [(2, False), (4, False), (6, False)] and standing.best is None
    assert [line["mse"] for line in journal(tmp_path) if line["kind"] == "valid"] == [1.0, 2.0, 3.0]
    assert not RunFolder(tmp_path).best.exists()
    fresh = learner_of(plain(dropout=0.3))
    load_weights(fresh, RunFolder(tmp_path))
    ours, theirs = (item.state_dict()["module"] for item in (fresh, learner))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_last_step_is_validated_once(tmp_path: Path) -> None:
    for steps in (6, 7):
        ear = Ear()
        run(tmp_path / str(steps), Train(batch=3, steps=steps, optimizers=ADAM, validate_every=3), ear=ear)
        assert [step for step, _ in ear.validations] == [3, 6, 7][: steps - 4]


def test_a_state_is_written_to_the_disk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def save(path: Path, state: Any) -> None:
        written.append(path.name)
        save_state(path, state)

    monkeypatch.setattr(engine_train, "save_state", save)
    run(tmp_path, Train(batch=3, steps=6, optimizers=ADAM, validate_every=2), figures=scripted(3.0, 2.0, 5.0))
    # Best and so last, likewise, and the end, which is worse.
    assert written == ["best.safetensors", "best.safetensors", "last.safetensors"]


def test_a_learner_that_fits_in_one_go_is_validated_and_saved(tmp_path: Path) -> None:
    class AtOnce(ModuleLearner):
        def fit(self, train: Any, valid: Any, context: Any) -> Any:
            self.module.inner[0].weight.data.fill_(0.5)

    standing, _ = run(tmp_path, Train(batch=3, steps=1), kind=AtOnce)
    assert standing.finished and standing.best is not None
    assert float(load_state(RunFolder(tmp_path).best)["learner"]["module"]["inner.0.weight"].min()) == 0.5


def test_a_full_disk_while_the_journal_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Journal(tmp_path / "metrics.jsonl", 0, 0)

    def full(*given: Any, **more: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(EnvironmentFault, match=r"metrics\.jsonl: .*No space left") as caught:
        book.add("train", 1, 0, {"loss": 1.0})
    assert caught.value.exit_code == 7
