"""Checks of a loss."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.losses import LossSubject, learning, parts_of
from medai_sdk.contract.trials.comparing import copied, difference, differs, tensors
from medai_sdk.contract.watching.chance import seed_all, seed_torch
from medai_sdk.contract.watching.devices import mixes
from medai_sdk.contract.watching.staying import left_behind

_ALIKE = 1e-5
_SURE = 12.0
"""A logit of what is certain; beyond, probabilities round to 0 and 1."""


@check("loss.gives-scalars", "it gives a finite scalar, or several by name, of a batch of any size")
def gives_scalars(subject: LossSubject) -> None:
    for output, target in subject.calls:
        for name, value in parts_of(subject.loss()(output, target)).items():
            if not isinstance(value, torch.Tensor) or value.ndim or not value.is_floating_point():
                kind = f"{value.dtype} {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
                raise Broken(
                    f"{name} is {kind}, not a scalar tensor", "take the mean over all values; torch keeps the graph alone of tensors"
                )
            if not isinstance(name, str) or not bool(value.isfinite()):
                raise Broken(f"{name!r} is {float(value)}", "keep logarithms and divisions away from 0")


@check(
    "loss.reaches-the-output",
    "its gradient with respect to the output is there and finite, of each part that it names, and not 0 for every output",
)
def reaches_the_output(subject: LossSubject) -> None:
    slopes = False
    for output, target in subject.calls:
        given = learning(output)
        for name, value in parts_of(subject.loss()(given, copied(target))).items():
            gradients = _gradients_of(value, given)
            if not gradients:
                raise Broken(
                    f"no gradient of {name} reaches the output",
                    "compute it with torch from the output itself: no detach, argmax, numpy or .item()",
                )
            if not all(bool(each.isfinite().all()) for each in gradients):
                raise Broken(f"the gradient of {name} is not finite", "look for a square root or a logarithm at 0")
            slopes = slopes or any(bool(each.any()) for each in gradients)
        # A part may be content with one output, such as one that a margin bounds, but not with all.
        slopes = slopes or any(bool(each.any()) for each in _gradients(subject.loss(), _shaken(output), target))
    if not slopes:
        raise Broken("its gradient is 0 for every output that was tried", "let its value depend on the output")


@check("loss.heeds-its-target", "with another target its value is another")
def heeds_its_target(subject: LossSubject) -> None:
    tried = 0
    for output, target in subject.calls:
        # Of one output it may be content with many targets, such as those within a margin.
        for given in (output, _shaken(output)):
            values = [*_values_for(subject, given, (target, *_other_targets(target)))]
            tried += len(values) - 1
            if any(difference(values[0], value) > 0 for value in values[1:]):
                return
    if not tried:
        raise NotApplicable("it takes no target but those that it is given in training")
    raise Broken(
        f"{tried} times it is given another target, and gives the same value",
        "compare the output with the target: what is right is known of the target alone",
    )


@check("loss.leaves-its-arguments-alone", "it changes neither output nor target in place")
def leaves_its_arguments_alone(subject: LossSubject) -> None:
    for output, target in subject.calls:
        given = copied(output), copied(target)
        before = copied(given)
        subject.loss()(*given)
        for name, was, now in zip(("output", "target"), before, given, strict=True):
            if differs(was, now):
                raise Broken(f"it changes the {name} in place", "work on a copy: x = x * 2 in place of x *= 2")


@check("loss.repeats-itself", "of the same output and target comes the same value, whatever was drawn before")
def repeats_itself(subject: LossSubject) -> None:
    output, target = subject.calls[0]
    values = []
    for elsewhere in (1, 2):
        seed_all(elsewhere)
        seed_torch(0)  # as the engine does before each step
        values.append(_value(subject.loss(), output, target))
    if difference(*values) > _ALIKE:
        raise Broken(
            f"built twice, it gives {values[0]:.6g} and {values[1]:.6g}", "draw with torch alone, whose generator the engine seeds"
        )


@check("loss.forgets-earlier-calls", "its value does not depend on what it was called with before")
def forgets_earlier_calls(subject: LossSubject) -> None:
    loss, values = subject.loss(), []
    output, target = subject.calls[0]
    for given in (output, _shaken(output), output):
        seed_torch(0)
        values.append(_value(loss, given, target))
    if difference(values[0], values[-1]) > _ALIKE:
        raise Broken(
            f"called again, after another output, it gives {values[-1]:.6g} in place of {values[0]:.6g}", "keep nothing between calls"
        )


@check("loss.prefers-what-is-right", "its value for the perfect output is not above that for a bad one")
def prefers_what_is_right(subject: LossSubject) -> None:
    output, target = subject.calls[0]
    tried = []
    for right, wrong in _right_and_wrong(output, target):
        seed_torch(0)
        good = _value(subject.loss(), right, target)
        seed_torch(0)
        bad = _value(subject.loss(), wrong, target)
        if good <= bad + _ALIKE * abs(bad):
            return
        tried.append(f"{good:.4g} for what is right, {bad:.4g} for what is wrong")
    if not tried:
        raise NotApplicable("which output would be perfect cannot be told from the target")
    raise Broken("; ".join(tried), "the engine makes a loss small: turn its sign, or take 1 minus the likeness")


@check("loss.is-finite-at-its-best", "of a perfect output, and of one that is the same everywhere, value and gradient are finite")
def is_finite_at_its_best(subject: LossSubject) -> None:
    output, target = subject.calls[0]
    given = [("the same everywhere", _even(output)), *(("perfect", right) for right, _ in _right_and_wrong(output, target))]
    for words, each in given:
        loss = subject.loss()
        value, gradients = _value(loss, each, target), _gradients(loss, each, target)
        if not abs(value) < float("inf") or not all(bool(gradient.isfinite().all()) for gradient in gradients):
            what = "its gradient is not finite" if abs(value) < float("inf") else f"it is {value}"
            raise Broken(f"for an output that is {words}, {what}", "add a small number under the root or in the divisor")


@check("loss.teaches-nothing-of-its-own", "networks of its own are frozen: no gradient is kept in them")
def teaches_nothing_of_its_own(subject: LossSubject) -> None:
    loss = subject.loss()
    own = list(_parameters_in(loss))
    if not own:
        raise NotApplicable("it holds no parameter")
    output, target = subject.calls[0]
    _gradients(loss, output, target)
    if any(each.requires_grad and each.grad is not None for each in own):
        raise Broken(
            "a network of its own gathers gradients", "make the loss a torch module, which the engine freezes, or freeze it in __init__"
        )


@check("loss.moves-to-a-device", "whatever tensors it holds follow to a device")
def moves_to_a_device(subject: LossSubject) -> None:
    loss = subject.loss()
    output, target = subject.calls[0]
    own = (*loss.parameters(), *loss.buffers()) if isinstance(loss, nn.Module) else ()
    there = [*tensors(output), *tensors(target), *own]
    if met := mixes(lambda: loss(learning(output), copied(target)), left_behind(loss, subject.watch.roots), there):
        raise Broken(f"on a GPU it would fail: {met}", "register_buffer, device=output.device, and .cpu() before numpy")


def _value(loss: Any, output: Any, target: Any) -> float:
    return sum(float(torch.as_tensor(each).detach().sum()) for each in parts_of(loss(copied(output), copied(target))).values())


def _gradients(loss: Any, output: Any, target: Any) -> list[torch.Tensor]:
    """Those that reach the output."""
    given = learning(output)
    total = sum(parts_of(loss(given, copied(target))).values())
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        return []
    total.sum().backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
    return [each.grad for each in tensors(given) if each.grad is not None]


def _gradients_of(value: Any, given: Any) -> list[torch.Tensor]:
    """Those of one part that reach the output."""
    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        return []
    leaves = [each for each in tensors(given) if each.requires_grad]
    # The other parts may share what it was computed from.
    found = torch.autograd.grad(value.sum(), leaves, retain_graph=True, allow_unused=True)
    return [each for each in found if each is not None]


def _right_and_wrong(output: Any, target: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Outputs that could be perfect, each with one that is then bad: the target itself, or logits of it."""
    if not isinstance(output, torch.Tensor) or not isinstance(target, torch.Tensor):
        return
    if output.shape == target.shape and target.is_floating_point():
        spread = float(target.std(correction=0)) or 1.0
        noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(0))
        yield target.to(output.dtype), (target + 3 * spread * noise).to(output.dtype)
    if output.shape == target.shape and 0 <= float(target.min()) <= float(target.max()) <= 1:
        logits = torch.logit(target.to(output.dtype), eps=1e-4)
        yield logits, -logits
    elif target.dtype == torch.int64 and target.shape == (output.shape[0], *output.shape[2:]):
        count = output.shape[1]
        if count == 1 and int(target.max()) <= 1:
            logits = _SURE * (2.0 * target[:, None] - 1)
            yield logits, -logits
        elif count > 1 and 0 <= int(target.min()) <= int(target.max()) < count:
            yield _certain(target, count), _certain((target + 1) % count, count)


def _certain(classes: torch.Tensor, count: int) -> torch.Tensor:
    logits = torch.full((classes.shape[0], count, *classes.shape[1:]), -_SURE)
    return logits.scatter_(1, classes[:, None], _SURE)


def _values_for(subject: LossSubject, output: Any, targets: Iterable[Any]) -> Iterator[float]:
    """The loss's values, but for targets beside the first that it does not take."""
    for place, target in enumerate(targets):
        seed_torch(0)
        try:
            yield _value(subject.loss(), output, target)
        except Exception:
            if not place:
                raise


def _other_targets(target: Any) -> Iterator[Any]:
    """Targets of the same types and shapes that say something else: of the other case, and the opposite or the shaken values."""
    if isinstance(target, list | tuple) and len(target) > 1:
        yield copied(target[::-1])
    found = [each for each in tensors(target) if each.numel()]
    if found:
        yield copy.deepcopy(target, {id(each): each.detach().flip(0) if each.ndim else each.detach().clone() for each in found})
        yield copy.deepcopy(target, {id(each): _opposite(each.detach()) for each in found})


def _opposite(values: torch.Tensor) -> torch.Tensor:
    """Of truth values and of what lies in 0..1, the other; whole numbers the other way round among those that there are, or the next."""
    if values.dtype == torch.bool:
        return ~values
    least, most = values.min(), values.max()
    if not values.is_floating_point():
        return least + most - values if most > least else torch.where(values == 0, values + 1, values - 1)
    if 0 <= float(least) <= float(most) <= 1:
        return 1 - values
    noise = torch.randn(values.shape, generator=torch.Generator().manual_seed(2)).to(values.dtype)
    return values + noise * (values.std(correction=0) or 1.0)


def _even(output: Any) -> Any:
    return copy.deepcopy(output, {id(each): torch.zeros_like(each) for each in tensors(output) if each.is_floating_point()})


def _shaken(output: Any) -> Any:
    draw = torch.Generator().manual_seed(1)
    return copy.deepcopy(output, {id(each): _shaken_values(each.detach(), draw) for each in tensors(output) if each.is_floating_point()})


def _shaken_values(values: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    shaken = values + torch.randn(values.shape, generator=draw) * (values.abs().mean() + 1)
    # Probabilities stay such.
    return shaken.clamp(0, 1) if values.numel() and 0 <= float(values.min()) <= float(values.max()) <= 1 else shaken


def _parameters_in(loss: Any) -> Iterator[nn.Parameter]:
    if isinstance(loss, nn.Module):
        yield from loss.parameters()
    for value in vars(loss).values() if hasattr(loss, "__dict__") else ():
        yield from value.parameters() if isinstance(value, nn.Module) else [value] if isinstance(value, nn.Parameter) else []
