from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from enginetoys import Bench, Perceptual, Plain, Points, Turning, feed_of, learner_of, plain, steps_of
from torch import nn

from medai._engine.module import ModuleLearner, _Step
from medai.api import Train, use
from medai.errors import MemoryFault, PluginError, UsageError
from medai.tasks import Batch, Case

ADAM = {"all": use("Adam", lr=1e-2)}


def bits(state: Any) -> Any:
    """A state in a form that is equal only where every bit is."""
    if isinstance(state, torch.Tensor):
        return (str(state.dtype), tuple(state.shape), state.numpy().tobytes())
    if isinstance(state, dict):
        return {str(key): bits(item) for key, item in state.items()}
    return [bits(item) for item in state] if isinstance(state, list | tuple) else state


def trained(tmp_path: Path, module: nn.Module, train: Train, *, loss: Any = None, data: Any = None) -> tuple[Any, list[Any], Bench]:
    bench, learner = Bench(tmp_path), learner_of(module)
    return learner, steps_of(learner.fit(feed_of(data or Points(count=12)), None, bench.context(train, loss))), bench


def test_steps_are_those_of_a_plain_loop(tmp_path: Path) -> None:
    learner, steps, _ = trained(tmp_path, plain(), Train(batch=4, steps=5, optimizers=ADAM))
    twin, feed = plain(), feed_of(Points(count=12))
    optimizer = torch.optim.Adam(twin.parameters(), lr=1e-2)
    batches = [batch for epoch in range(2) for batch in feed.batches(epoch, 4)][:5]
    for step, batch in zip(steps, batches, strict=True):
        loss = nn.functional.mse_loss(twin(batch.inputs.pixels), batch.reference.pixels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        assert float(step.losses["loss"]) == float(loss.detach())
        assert step.cases == tuple(case.id for case in batch.cases)
    assert bits(dict(learner.module.state_dict())) == bits(dict(twin.state_dict()))
    assert [(step.step, step.epoch, step.end_of_epoch) for step in steps] == [
        (1, 0, False),
        (2, 0, False),
        (3, 1, True),
        (4, 1, False),
        (5, 1, False),
    ]


def test_epochs_count_passes_over_the_items(tmp_path: Path) -> None:
    _, steps, _ = trained(tmp_path, plain(), Train(batch=5, epochs=2, optimizers=ADAM))
    assert len(steps) == 6 and [step.step for step in steps if step.end_of_epoch] == [3, 6]
    with pytest.raises(UsageError, match="neither steps nor epochs"):
        trained(tmp_path, plain(), Train(batch=5, optimizers=ADAM))


@pytest.mark.parametrize("schedule_every", ["step", "epoch"])
@pytest.mark.parametrize("schedule", [use("CosineAnnealingLR"), use("MultiStepLR", milestones=[2, 5]), use("OneCycleLR", max_lr=0.1)])
@pytest.mark.parametrize("cut", [1, 3, 4, 7])
def test_a_resumed_training_is_the_unbroken_one_to_the_last_bit(tmp_path: Path, schedule: Any, schedule_every: Any, cut: int) -> None:
    from medai._engine.checkpoint import load_state, save_state

    warmup = 3 if schedule_every == "step" else 1
    train = Train(batch=3, steps=10, optimizers=ADAM, schedule=schedule, schedule_every=schedule_every, warmup=warmup, clip=0.5)
    unbroken, steps, _ = trained(tmp_path, plain(dropout=0.5), train)
    first = learner_of(plain(dropout=0.5))
    fitting = first.fit(feed_of(Points(count=12)), None, Bench(tmp_path).context(train))
    begun = [next(fitting) for _ in range(cut)]
    save_state(tmp_path / "a.safetensors", first.state_dict())
    torch.manual_seed(99)  # a new process has another state of the generator
    second = learner_of(plain(dropout=0.5, width=3))
    second.module.inner[0].weight.data.zero_()
    second.load_state_dict(load_state(tmp_path / "a.safetensors"))
    rest = steps_of(second.fit(feed_of(Points(count=12)), None, Bench(tmp_path).context(train)))
    assert [float(step.losses["loss"]) for step in [*begun, *rest]] == [float(step.losses["loss"]) for step in steps]
    assert bits(second.state_dict()["module"]) == bits(unbroken.state_dict()["module"])
    assert bits(second.state_dict()["training"]["optimizers"]) == bits(unbroken.state_dict()["training"]["optimizers"])


def test_turns_train_what_is_theirs_and_nothing_that_is_frozen(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, loss = Turning(), Perceptual().requires_grad_(False).eval()
    frozen = bits(dict(module.generator[0].state_dict()))
    features = bits(dict(loss.state_dict()))
    states: list[Any] = []
    learner = learner_of(module)
    train = Train(batch=4, steps=6, optimizers={"critic": use("SGD", lr=0.1), "generator": use("Adam", lr=0.1)})
    for step in learner.fit(feed_of(Points(count=12)), None, Bench(tmp_path).context(train, loss)):
        states.append((set(step.losses), bits(dict(module.critic.state_dict())), bits(dict(module.generator.state_dict()))))
        assert not any(parameter.requires_grad for parameter in loss.parameters()) and not loss.training
    assert [turn for turn, _, _ in module.seen] == ["critic", "critic", "generator"] * 2
    assert all((critic, generator) == (turn == "critic", turn == "generator") for turn, critic, generator in module.seen)
    assert [names for names, _, _ in states[:3]] == [{"critic"}, {"critic"}, {"adversarial", "pixel"}]
    assert states[2][1] == states[1][1] != states[0][1], "the generator's turn leaves the critic alone"
    assert states[1][2] == states[0][2] != states[2][2], "the critic's turn leaves the generator alone"
    assert bits(dict(module.generator[0].state_dict())) == frozen and bits(dict(loss.state_dict())) == features
    assert not any("features" in name for name in learner.state_dict()["module"])
    trainable = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
    assert trainable == ["generator.1.weight", "generator.1.bias", "critic.weight", "critic.bias"], "as before the training"


def test_turns_resume_where_they_were(tmp_path: Path) -> None:
    def fresh() -> Turning:
        torch.manual_seed(0)
        return Turning()

    train = Train(batch=4, steps=7, optimizers={"all": use("Adam", lr=0.1)}, schedule=use("CosineAnnealingLR"))
    whole, _, _ = trained(tmp_path, fresh(), train)
    first = learner_of(fresh())
    fitting = first.fit(feed_of(Points(count=12)), None, Bench(tmp_path).context(train))
    for _ in range(4):
        next(fitting)
    second = learner_of(fresh())
    second.load_state_dict(first.state_dict())
    steps_of(second.fit(feed_of(Points(count=12)), None, Bench(tmp_path).context(train)))
    assert [turn for turn, _, _ in second.module.seen] == ["critic", "generator", "critic"]
    assert bits(second.state_dict()) == bits(whole.state_dict())


def test_a_turn_without_optimiser_or_parameters(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no optimiser for the turn 'generator': it names critic"):
        trained(tmp_path, Turning(), Train(batch=4, steps=1, optimizers={"critic": use("Adam")}))
    with pytest.raises(PluginError, match="no trainable parameter for the turn generator"):
        trained(tmp_path, _frozen_generator(), Train(batch=4, steps=1, optimizers=ADAM))


def _frozen_generator() -> Turning:
    module = Turning()
    module.generator.requires_grad_(False)
    return module


class Hungry(Plain):
    """Runs out of memory for batches above a size, as a card would."""

    most = 3

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if len(pixels) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(pixels)


def hungry(most: int) -> Hungry:
    torch.manual_seed(0)
    module = Hungry()
    module.most = most
    return module


def test_out_of_memory_halves_the_batch_and_keeps_the_gradients(tmp_path: Path) -> None:
    train = Train(batch=8, steps=4, optimizers={"all": use("SGD", lr=0.1)})
    whole, all_steps, _ = trained(tmp_path, plain(), train, data=Points(count=20))
    learner, steps, bench = trained(tmp_path, hungry(3), train, data=Points(count=20))
    assert [step.cases for step in steps] == [step.cases for step in all_steps]
    for ours, theirs in zip(steps, all_steps, strict=True):
        assert float(ours.losses["loss"]) == pytest.approx(float(theirs.losses["loss"]), rel=1e-5)
    for ours, theirs in zip(learner.module.parameters(), whole.module.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert bench.notes == [f"out of memory: batches of 8 are given in {parts} parts and accumulated" for parts in (2, 4)]
    assert learner.state_dict()["training"]["position"] == [4, 1, 1, 4]


def test_out_of_memory_where_halving_does_not_help_or_is_another_method(tmp_path: Path) -> None:
    train = Train(batch=4, steps=2, optimizers=ADAM)
    with pytest.raises(MemoryFault, match="too little memory for a batch of 4"):
        trained(tmp_path, hungry(0), train)
    with pytest.raises(MemoryFault):
        trained(tmp_path, hungry(3), Train(batch=4, steps=2, optimizers=ADAM, halve_batch=False))
    normed = hungry(3)
    normed.inner[1] = nn.BatchNorm2d(3)
    with pytest.raises(MemoryFault):
        trained(tmp_path, normed, train)


def test_a_bad_case_makes_a_smaller_batch_and_the_epoch_still_ends(tmp_path: Path) -> None:
    data = Points(count=5, bad=("c3",))
    for size in (1, 2):
        _, steps, _ = trained(tmp_path, plain(), Train(batch=size, epochs=3, optimizers=ADAM), data=data)
        assert sum(step.end_of_epoch for step in steps) >= 3
        assert max(step.epoch for step in steps) >= 3
        assert all("c3" not in step.cases for step in steps)


def test_predicting_is_in_evaluation_mode_and_training_goes_back(tmp_path: Path) -> None:
    learner = learner_of(plain(dropout=0.9))
    batch = Batch.of(list(feed_of(Points(count=2)).samples()))
    fitting = learner.fit(feed_of(Points(count=12)), None, Bench(tmp_path).context(Train(batch=4, steps=3, optimizers=ADAM)))
    next(fitting)
    first, again = learner.predict(batch), learner.predict(batch)
    assert torch.equal(first[0].pixels, again[0].pixels) and not learner.module.training
    next(fitting)
    assert learner.module.training


def test_a_model_without_loss_needs_one_in_the_recipe(tmp_path: Path) -> None:
    context = Bench(tmp_path).context(Train(batch=4, steps=1, optimizers=ADAM))
    object.__setattr__(context, "loss", None)
    with pytest.raises(UsageError, match="Plain has no loss of its own"):
        next(learner_of(plain()).fit(feed_of(Points(count=4)), None, context))


def test_a_checkpoint_of_another_network() -> None:
    with pytest.raises(PluginError, match=r"enginetoys/plain: the checkpoint is of another network: other shapes: inner.0.weight is \(5"):
        learner_of(plain()).load_state_dict(learner_of(plain(width=5)).state_dict())
    with pytest.raises(PluginError, match="enginetoys/plain: the checkpoint is of a model that is no network"):
        learner_of(plain()).load_state_dict({"trees": []})


def test_preparing_happens_once_and_not_when_resumed(tmp_path: Path) -> None:
    class Prepared(Plain):
        calls = 0

        def prepare(self, train: Any) -> None:
            Prepared.calls += 1
            next(self.inner.parameters()).data.fill_(len(train) / 100)

    train = Train(batch=4, steps=2, optimizers={"all": use("SGD", lr=0.0)})
    learner, _, _ = trained(tmp_path, Prepared(), train)
    assert Prepared.calls == 1 and float(learner.module.inner[0].weight.detach().max()) == pytest.approx(0.12)
    again = learner_of(Prepared())
    again.load_state_dict(learner.state_dict())
    assert steps_of(again.fit(feed_of(Points(count=30)), None, Bench(tmp_path).context(train))) == []
    assert Prepared.calls == 1


def test_half_precision_is_for_the_forward_alone(tmp_path: Path) -> None:
    class Seeing(Plain):
        found: list[torch.dtype] = []

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            answer = super().forward(pixels)
            self.found.append(answer.dtype)
            return answer

    learner, steps, _ = trained(tmp_path, Seeing(), Train(batch=4, steps=2, optimizers=ADAM, precision="bf16"))
    assert Seeing.found == [torch.bfloat16] * 2
    assert all(parameter.dtype == torch.float32 for parameter in learner.module.parameters())
    assert steps[0].losses["loss"].dtype == torch.float32
    learner.predict(Batch.of(list(feed_of(Points(count=1)).samples())))
    assert Seeing.found[-1] == torch.float32


class Letters:
    """A task whose inputs are on no device: what it makes of them is made on the CPU."""

    def arguments(self, batch: Batch[Any, Any]) -> tuple[torch.Tensor]:
        return (torch.ones(len(batch.cases), 3),)

    def target(self, batch: Batch[Any, Any]) -> torch.Tensor:
        return torch.zeros(len(batch.cases), 2)

    def predictions(self, output: torch.Tensor, batch: Batch[Any, Any]) -> list[str]:
        return [output.device.type] * len(batch.cases)


def test_what_a_task_makes_of_a_batch_follows_the_module() -> None:
    # No data lie on this device, but torch refuses to mix it with the CPU as it would a GPU.
    learner = ModuleLearner(nn.Linear(3, 2), Letters(), use("any/module")).to(torch.device("meta"))  # type: ignore[arg-type]
    batch: Batch[Any, Any] = Batch((Case("a", "a"), Case("b", "b")), ["GC", "AU"])
    assert learner.predict(batch) == ["meta", "meta"]
    asked = []

    def loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        asked.append((output, target))
        return output.mean()

    step = _Step(learner.module, Letters(), loss)  # type: ignore[arg-type]
    assert step(batch, "all")["loss"].device.type == "meta"
    assert [each.device.type for each in asked[0]] == ["meta", "meta"]
