"""`medai bench`: what it counts, whose rows fail, and what it writes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from medai._bench import memory, rows, sizes

QUICK = ("--device", "cpu", "--repeats", "1")


def bench(medai: Any, *arguments: str) -> list[dict[str, Any]]:
    """The rows of a bench that succeeds."""
    ended = medai("bench", *arguments, *QUICK, "--json")
    assert ended.code == 0, ended.err
    found: list[dict[str, Any]] = json.loads(ended.out)["rows"]
    return found


def test_a_recipes_model_is_counted_as_the_paper_has_it(medai: Any) -> None:
    (row,) = bench(medai, "benchtoys/toy", "--size", "8")
    assert (row["parameters"], row["trainable"], row["untouched"]) == (8 * 9 + 8 + 8 + 1, 8 * 9 + 8 + 8, 0)
    assert row["macs"] == 64 * (8 * 9 + 8)
    assert (row["kind"], row["scale"], row["model"], row["input"]) == ("recipe", "paper", "benchtoys/net", "1x8x8 HU")
    assert row["predict_ms"] > 0 and row["forward_ms"] > 0 and row["repeats"] == 1 and row["per_second"] > 0
    assert row["predict_ms_low"] == row["predict_ms"] == row["predict_ms_high"]
    assert row["compiled_predict_ms"] is None and row["graphs_predict_ms"] is None and row["fastest"] == "eager"
    assert row["peak_memory"] is None and row["peak_memory_of"] is None and row["error"] is None and row["exit_code"] == 0


def test_scale_and_values_are_laid_over_the_recipe(medai: Any) -> None:
    (row,) = bench(medai, "benchtoys/toy", "--scale", "quick")
    assert (row["parameters"], row["scale"], row["input"]) == (2 * 11 + 1, "quick", "1x16x16 HU")
    (row,) = bench(medai, "toy", "--set", "model.filters=3", "--size", "8x4")
    assert (row["parameters"], row["macs"], row["input"]) == (3 * 11 + 1, 32 * 30, "1x8x4 HU")


def test_a_model_is_counted_as_it_is_by_default_on_the_data_of_a_recipe(medai: Any) -> None:
    (row,) = bench(medai, "benchtoys/net", "--size", "4")
    assert (row["kind"], row["scale"], row["parameters"], row["input"]) == ("model", None, 45, "1x4x4 HU")
    (row,) = bench(medai, "benchtoys/net", "--set", "model.filters=1")
    assert row["parameters"] == 12


def test_a_model_that_no_recipe_names_is_given_an_image(medai: Any) -> None:
    assert bench(medai, "benchtoys/wide")[0]["input"] == "1x256x256"


def test_every_device_and_batch_is_a_row_with_its_own_throughput(medai: Any) -> None:
    found = bench(medai, "benchtoys/toy", "benchtoys/same", "benchtoys/toy", "--batch", "1,3,1", "--device", "cpu,cpu")
    assert [(row["id"], row["batch"]) for row in found] == [
        ("benchtoys/toy", 1), ("benchtoys/toy", 3), ("benchtoys/same", 1), ("benchtoys/same", 3)
    ]  # fmt: skip
    for row in found:
        assert row["per_second"] == pytest.approx(row["batch"] / row["predict_ms"] * 1000)
    assert found[0]["macs"] == found[1]["macs"]


def test_what_no_answer_touches_is_said(medai: Any) -> None:
    (row,) = bench(medai, "benchtoys/adversary", "--size", "8")
    assert (row["parameters"], row["untouched"], row["macs"]) == (10 + 65, 65, 64 * 9)
    assert "65 of its parameters take no part in an answer" in medai("bench", "benchtoys/adversary", "--size", "8", *QUICK).out


def test_what_is_no_torch_module_has_times_alone(medai: Any) -> None:
    (row,) = bench(medai, "benchtoys/same")
    assert row["predict_ms"] > 0 and all(row[name] is None for name in ("parameters", "trainable", "untouched", "macs", "forward_ms"))


def test_a_module_that_answers_by_predict_alone_has_no_forward(medai: Any) -> None:
    (row,) = bench(medai, "benchtoys/asked", "--size", "4")
    assert row["predict_ms"] > 0 and row["forward_ms"] is None and row["macs"] == 16


def test_rows_of_a_table_work_by_stub_data_and_have_no_size(medai: Any) -> None:
    (row,) = bench(medai, "benchtoys/table")
    assert (row["macs"], row["parameters"], row["input"]) == (6, 8, "3 values")
    ended = medai("bench", "benchtoys/table", "--size", "8", *QUICK)
    assert ended.code == 2 and "a size is for images: the input is Row (3 values)" in ended.err


def test_a_size_of_three_axes_is_a_volume(medai: Any) -> None:
    ended = medai("bench", "benchtoys/toy", "--size", "2x8x8", *QUICK, "--json")
    assert json.loads(ended.out)["rows"][0]["input"] == "1x2x8x8 HU"
    assert ended.code == 2 and "--size 2x8x8: model benchtoys/net failed: RuntimeError" in ended.err


def test_a_size_too_small_for_the_network_is_said_in_its_words(medai: Any) -> None:
    ended = medai("bench", "benchtoys/wide", "--size", "8", *QUICK)
    assert ended.code == 2
    assert "--size 8: model benchtoys/wide failed: RuntimeError: " in ended.err and "Kernel size can't be greater" in ended.err
    assert "failed" in ended.out


def test_out_of_memory_is_of_one_row(medai: Any) -> None:
    ended = medai("bench", "benchtoys/hungry", "benchtoys/toy", "--batch", "2,1", "--size", "8", *QUICK, "--json")
    assert ended.code == 4
    found = json.loads(ended.out)["rows"]
    assert [row["exit_code"] for row in found] == [4, 0, 0, 0] and found[0]["predict_ms"] is None and found[1]["predict_ms"] > 0
    assert "1 of 4 rows failed: benchtoys/hungry on cpu, batch 2: too little memory" in ended.err


def test_an_image_that_cannot_fit_is_refused_before_it_is_drawn(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "available", lambda: 2**30)
    monkeypatch.setattr(sizes, "_drawn", lambda *given: pytest.fail("it was drawn"))
    ended = medai("bench", "benchtoys/toy", "--size", "40000", *QUICK)
    assert ended.code == 4
    assert "--size 40000: images of 1x40000x40000 and an answer of that size take 17.9 GiB alone, and 1.0 GiB are free" in ended.err


def test_a_batch_that_cannot_fit_is_of_one_row(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "available", lambda: 4 * 8 * 8 * 4)
    ended = medai("bench", "benchtoys/toy", "--batch", "2,3", "--size", "8", *QUICK, "--json")
    assert ended.code == 4 and [row["exit_code"] for row in json.loads(ended.out)["rows"]] == [0, 4]
    assert "benchtoys/toy on cpu, batch 3: a batch of 3: images of 1x8x8 and an answer" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("benchtoys/nett",), 2, "did you mean benchtoys/net"),
        (("benchtoys/pictures",), 2, "is the dataset benchtoys/pictures"),
        (("benchtoys/toy", "--size", "8x"), 2, "wanted 512"),
        (("benchtoys/toy", "--size", "1x2x3x4"), 2, "wanted 512"),
        (("benchtoys/toy", "--batch", "0"), 2, "wanted sizes such as 1,2,4"),
        (("benchtoys/toy", "--scale", "quic"), 2, "did you mean quick"),
        (("benchtoys/net", "--scale", "quick"), 2, "which has no scale"),
        (("benchtoys/toy", "--set", "model.filter=3"), 2, "did you mean filters"),
        (("benchtoys/later",), 2, "stands on earlier runs"),
        (("benchtoys/unnamed",), 2, "no recipe names benchtoys/unnamed"),
        (("benchtoys/same", "--channels-last"), 2, "for torch modules that are given images"),
        (("benchtoys/mean",), 2, "has no attribute 'mean': what must learn before it answers is measured as a finished run"),
        (("benchtoys/toy", "--device", "cuda:77"), 7, "--device cuda:77"),
        (("benchtoys/toy", "--device", "tpu"), 2, "wanted auto, cpu"),
        (("empty",), 3, "empty: not a run folder: it has no run.json"),
        (("best.safetensors",), 3, "best.safetensors: not a run folder: it is a file"),
    ],
)
def test_what_is_wrong_is_said(medai: Any, arguments: tuple[str, ...], code: int, said: str) -> None:
    Path("empty").mkdir()
    Path("best.safetensors").write_bytes(b"")
    ended = medai("bench", *arguments, "--repeats", "1")
    assert ended.code == code and said in ended.err, ended.err


def test_a_run_is_measured_with_its_test_case(medai: Any) -> None:
    assert medai("run", "benchtoys/same", "--device", "cpu").code == 0
    (run,) = Path("runs").iterdir()
    (row,) = bench(medai, str(run))
    assert (row["id"], row["kind"], row["scale"], row["model"]) == (str(run), "run", "paper", "benchtoys/same")
    ended = medai("bench", str(run), "--set", "model.filters=3", *QUICK)
    assert ended.code == 2 and "keeps its own configuration" in ended.err


def test_precision_and_layout_are_recorded_and_taken(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bool, torch.dtype]] = []

    def note(module: nn.Module, given: tuple[torch.Tensor, ...], answer: torch.Tensor) -> None:
        seen.append((given[0].is_contiguous(memory_format=torch.channels_last), answer.dtype))

    handle = nn.modules.module.register_module_forward_hook(lambda *held: note(*held) if isinstance(held[0], nn.Conv2d) else None)
    try:
        (row,) = bench(medai, "benchtoys/toy", "--precision", "bf16", "--channels-last", "--batch", "2")
    finally:
        handle.remove()
    assert row["precision"] == "bf16" and row["channels_last"] and set(seen) == {(True, torch.bfloat16)}
    (row,) = bench(medai, "benchtoys/toy", "--precision", "auto")
    assert row["precision"] == "float32" and not row["channels_last"]
    assert "float32 on cpu, channels last in memory." in medai("bench", "benchtoys/toy", "--channels-last", *QUICK).out


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux tells whom it ends first")
def test_the_process_that_shows_its_memory_is_ended_before_the_one_that_asks() -> None:
    code = "from medai._bench.memory import be_the_first_to_end as end; end(); print(open('/proc/self/oom_score_adj').read())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "1000"


def test_threads_are_as_asked_for_and_then_as_before(medai: Any) -> None:
    ended = medai("bench", "benchtoys/toy", *QUICK, "--threads", "2", "--json")
    record = json.loads(ended.out)
    assert record["threads"] == 2 and torch.get_num_threads() == 1
    assert record.keys() == {"software", "threads", "warmup", "rows"} and record["software"]["libraries"]["torch"]
    assert record["rows"][0]["device_name"]


def test_compiled_stands_beside_eager(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(nn.Module, "compile", lambda self, **given: asked.append(given))
    (row,) = bench(medai, "benchtoys/toy", "--compile")
    assert asked == [{"dynamic": False, "mode": None}]
    assert row["predict_ms"] > 0 and row["compiled_predict_ms"] > 0 and row["compiled_forward_ms"] > 0
    assert row["fastest"] in ("eager", "compiled") and row["not_compiled"] is None
    said = medai("bench", "benchtoys/toy", "--compile", *QUICK).out.splitlines()[0]
    assert "compiled predict ms" in said and "fastest" in said


def test_a_compilation_that_fails_is_said_and_eager_stands(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: nn.Module, **given: Any) -> None:
        self.forward = lambda *held: 1 / 0

    monkeypatch.setattr(nn.Module, "compile", broken)
    (row,) = bench(medai, "benchtoys/toy", "--compile")
    assert row["predict_ms"] > 0 and row["compiled_predict_ms"] is None and row["fastest"] == "eager"
    assert row["not_compiled"] == "compiled: model benchtoys/net failed: ZeroDivisionError: division by zero"
    ended = medai("bench", "benchtoys/same", "benchtoys/toy", "--compile", *QUICK)
    assert ended.code == 0 and "benchtoys/same on cpu, batch 1: not compiled: it is no torch module" in ended.err
    assert "ZeroDivisionError" in ended.out


def test_the_table_says_what_its_figures_are_of(medai: Any) -> None:
    ended = medai("bench", "benchtoys/toy", "--size", "8", *QUICK)
    head, line, *notes = ended.out.splitlines()
    assert head.split()[:7] == ["id", "device", "batch", "input", "parameters", "trainable", "MACs"]
    assert line.split()[:8] == ["benchtoys/toy", "cpu", "1", "1x8x8", "HU", "89", "88", "5.12e-06"] and line.split()[-1] == "-"
    assert any(note.startswith("cpu: ") and ", 1 thread." in note for note in notes) and any(
        "MACs: of convolutions" in note for note in notes
    )
    assert ended.err.splitlines() == ["1/1  benchtoys/toy on cpu, batch 1"]


def test_every_figure_is_written_as_csv(medai: Any) -> None:
    medai("bench", "benchtoys/toy", "benchtoys/same", *QUICK, "--csv", "figures.csv")
    with Path("figures.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["parameters"] for row in found] == ["89", ""] and float(found[1]["predict_ms"]) > 0
    assert list(found[0]) == list(bench(medai, "benchtoys/toy")[0])


def test_a_metric_of_models_is_none_of_a_protocol(medai: Any) -> None:
    ended = medai("run", "benchtoys/same", "--device", "cpu", "--set", 'protocol.metrics=[{use="medai/macs"}]')
    assert (
        ended.code == 2
        and "medai/macs measures models, not predictions: a cell of a table names it (medai reproduce); see medai bench" in ended.err
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")
def test_on_cuda_memory_is_the_devices_and_graphs_are_measured_too(medai: Any) -> None:
    ended = medai("bench", "benchtoys/toy", "--size", "64", "--batch", "1,2", "--device", "cuda", "--repeats", "2", "--compile", "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)["rows"]
    assert [row["macs"] for row in found] == [64 * 64 * 80] * 2 and found[0]["untouched"] == 0
    for row in found:
        assert row["peak_memory"] > 0 and row["peak_memory_of"] == "allocated on the device, weights included"
        assert row["not_compiled"] is None and row["graphs_predict_ms"] > 0 and row["fastest"] in ("eager", "compiled", "graphs")


@pytest.mark.slow
@pytest.mark.skipif(not memory.can_be_told(), reason="the system does not say what the most memory was")
def test_peak_memory_is_that_of_a_process_of_its_own(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "can_be_told", lambda: True)
    (row,) = bench(medai, "benchtoys/hungry", "--size", "8")
    assert 60 <= row["peak_memory"] / 2**20 < 72 and row["peak_memory_of"] == "growth of a process's resident memory"
    ended = medai("bench", "benchtoys/hungry", "--size", "8", "--batch", "2", *QUICK)
    assert ended.code == 4 and "too little memory" in ended.err


def test_a_process_that_the_system_ends_ran_out_of_memory(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "can_be_told", lambda: True)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    ended = medai("bench", "benchtoys/toy", *QUICK)
    assert ended.code == 6 and "ended with code 1" in ended.err
    monkeypatch.setattr(subprocess, "run", lambda *held, **given: subprocess.CompletedProcess(held, -9, "", ""))
    ended = medai("bench", "benchtoys/toy", *QUICK)
    assert ended.code == 4 and "was ended by the system" in ended.err
