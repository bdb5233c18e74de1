from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from enginetoys import Points, feed_of

from medai._engine.feed import Quarantine, Refusal, case_rng
from medai.errors import DataError, PluginError
from medai.tasks import Batch


def content(batch: Batch[Any, Any] | None) -> tuple[list[str], bytes]:
    assert batch is not None
    return [case.id for case in batch.cases], batch.inputs.pixels.numpy().tobytes()


def epoch_of(feed: Any, epoch: int, **given: Any) -> list[tuple[list[str], bytes]]:
    return [content(batch) for batch in feed.batches(epoch, 5, **given)]


@pytest.mark.parametrize("workers", [0, 2])
def test_samples_depend_on_seed_epoch_and_case_alone(workers: int) -> None:
    plain, feed = feed_of(Points(count=23)), feed_of(Points(count=23), workers=workers)
    first, second = epoch_of(plain, 0), epoch_of(plain, 1)
    assert sorted(case for ids, _ in first for case in ids) == sorted(f"c{n}" for n in range(23))
    assert [len(ids) for ids, _ in first] == [5, 5, 5, 5, 3]
    assert [ids for ids, _ in first] != [ids for ids, _ in second]
    assert epoch_of(feed, 0) == first and epoch_of(feed, 1) == second and epoch_of(feed, 0) == first
    assert epoch_of(feed_of(Points(count=23), seed=4), 0) != first


@pytest.mark.parametrize("workers", [0, 2])
def test_a_restart_in_the_middle_of_an_epoch_goes_on_with_the_same_batches(workers: int) -> None:
    whole = epoch_of(feed_of(Points(count=23)), 2)
    feed = feed_of(Points(count=23), workers=workers)
    broken_off = feed.batches(2, 5)
    assert [content(next(broken_off)) for _ in range(2)] == whole[:2]
    del broken_off
    assert epoch_of(feed, 2, start=2) == whole[2:]
    assert epoch_of(feed, 2, start=5) == []


def test_parts_of_a_batch_hold_the_same_samples() -> None:
    feed = feed_of(Points(count=11))
    whole = epoch_of(feed, 0)
    for micro in (2, 3, 8):
        ids = [case for names, _ in epoch_of(feed, 0, micro=micro) for case in names]
        pixels = b"".join(found for _, found in epoch_of(feed, 0, micro=micro))
        assert ids == [case for names, _ in whole for case in names]
        assert pixels == b"".join(found for _, found in whole)
    assert [len(ids) for ids, _ in epoch_of(feed, 0, micro=2)] == [3, 2, 3, 2, 1]


def test_processes_share_a_batch_out() -> None:
    from medai._engine.feed import CaseFeed
    from medai.tasks.restoration import Restoration

    def of(rank: int, world: int) -> list[list[str]]:
        given: dict[str, Any] = {"part": "train", "seed": 3, "workers": 0, "quarantine": Quarantine(0.1), "rank": rank, "world": world}
        return [ids for ids, _ in epoch_of(CaseFeed(Points(count=11), Restoration(), **given), 0)]

    whole, first, second = of(0, 1), of(0, 2), of(1, 2)
    assert [sorted(a + b) for a, b in zip(first[:2], second[:2], strict=True)] == [sorted(ids) for ids in whole[:2]]
    assert len(first) == len(second) == len(whole)  # the last batch has one case: both take it, or one would wait for ever


def test_samples_in_order_and_only_some() -> None:
    feed = feed_of(Points(count=6))
    assert [sample.case.id for sample in feed.samples()] == [f"c{n}" for n in range(6)]
    assert [sample.case.id for sample in feed.samples(only={"c4", "c1"})] == ["c1", "c4"]
    again = [sample.inputs.pixels for sample in feed.samples()]
    assert all(torch.equal(a, b.inputs.pixels) for a, b in zip(again, feed.samples(), strict=True))


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_cases_are_left_out_within_the_budget(workers: int) -> None:
    feed = feed_of(Points(count=20, bad=("c3",), missing=("c7",)), workers=workers)
    ids = [case for ids, _ in epoch_of(feed, 0) for case in ids]
    assert len(ids) == 18 and not {"c3", "c7"} & set(ids)
    assert feed.quarantine.reasons == {"train c3": "is spoilt", "train c7": "No such file or directory"}
    assert any("jane-doe/c3.dcm: is spoilt" in message for message in feed.quarantine.announce())
    assert feed.quarantine.announce() == []
    epoch_of(feed, 1)
    assert feed.quarantine.announce() == []


def test_over_budget_is_an_error() -> None:
    feed = feed_of(Points(count=20, bad=("c3", "c4", "c5")))
    with pytest.raises(DataError) as caught:
        epoch_of(feed, 0)
    assert caught.value.reason.startswith(
        "already 3 of 20 cases for train cannot be used, more than the budget of 10%, which --max-bad raises: case c3: "
    )
    assert all(f"{case}: is spoilt" in caught.value.reason for case in ("c3", "c4", "c5"))
    # Files are named to whoever runs it, not to the run folder, which keeps the reason.
    assert "jane" not in caught.value.reason
    assert sorted(caught.value.__notes__) == [f"{case}: /home/jane-doe/{case}.dcm" for case in ("c3", "c4", "c5")]
    with pytest.raises(DataError, match=r"; and 2 more\n"):
        epoch_of(feed_of(Points(count=40, bad=tuple(f"c{place}" for place in range(9)))), 0)
    assert len(list(feed_of(Points(count=20, bad=("c3", "c4", "c5")), budget=0.2).samples())) == 17


def test_one_is_forgiven_but_something_must_be_left() -> None:
    assert len(list(feed_of(Points(count=3, bad=("c1",))).samples())) == 2
    with pytest.raises(DataError, match="none of 1 case for train can be used"):
        list(feed_of(Points(count=1, bad=("c0",))).samples())
    with pytest.raises(DataError, match="none of 2 cases"):
        list(feed_of(Points(count=2, bad=("c0", "c1")), budget=1.0).samples())


def test_parts_have_a_budget_each() -> None:
    quarantine = Quarantine(0.1)
    for part in ("train", "valid"):
        quarantine.take(Refusal("c1", "why", "message"), part, 10)
    assert list(quarantine.reasons) == ["train c1", "valid c1"]
    quarantine.take(Refusal("c1", "why", "message"), "train", 10)


def test_a_batch_of_which_nothing_is_left_is_none() -> None:
    feed = feed_of(Points(count=3, bad=("c0",)))
    found = ["nothing" if batch is None else batch.cases[0].id for batch in feed.batches(0, 1)]
    assert sorted(found) == ["c1", "c2", "nothing"]


@pytest.mark.parametrize("workers", [0, 1])
def test_any_other_failure_is_the_plugins_and_names_the_case(workers: int) -> None:
    feed = feed_of(Points(count=4, broken=("c2",)), workers=workers)
    with pytest.raises(PluginError, match="Points failed on case c2: ZeroDivisionError: a slip"):
        list(feed.samples())


def test_a_sample_that_breaks_the_tasks_conventions_is_quarantined() -> None:
    class Wrong(Points):
        def read(self, case: Any, rng: np.random.Generator) -> Any:
            sample = super().read(case, rng)
            if case.id == "c1":
                sample.inputs.pixels[0, 0, 0] = float("nan")
            return sample

    feed = feed_of(Wrong(count=20))
    assert len(list(feed.samples())) == 19
    assert "not finite" in feed.quarantine.reasons["train c1"]


def test_a_cases_generator_is_fixed_for_ever() -> None:
    import hashlib

    key = int.from_bytes(hashlib.blake2b(b"7 2 c1", digest_size=16).digest(), "little")
    wanted = np.random.Generator(np.random.Philox(key=key)).random(4)
    assert np.array_equal(case_rng(7, 2, "c1").random(4), wanted)
    assert not np.array_equal(case_rng(7, 3, "c1").random(4), wanted)
    assert not np.array_equal(case_rng(7, 2, "c2").random(4), wanted)


def test_a_second_bad_case_of_few_is_not_forgiven() -> None:
    with pytest.raises(DataError, match="2 of 5 cases for train cannot be used"):
        list(feed_of(Points(count=5, bad=("c1", "c2"))).samples())
