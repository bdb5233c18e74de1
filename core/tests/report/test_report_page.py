from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image as Picture

from medai._report import write_report
from medai._results.folder import RunFolder
from medai.tasks import Case, Image, Sample
from medai.tasks.restoration import Restoration

ATTRIBUTES = ("src", "href", "action", "data", "poster", "srcset", "background")


class Page(HTMLParser):
    """What a browser would load, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.images: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ATTRIBUTES]
        if tag == "img":
            self.images.append(dict(attrs).get("alt") or "")

    def handle_data(self, data: str) -> None:
        self.text += data


class Sketched(Restoration):
    """Draws quickly."""

    def draw(self, sample: Sample[Image, Image], prediction: Image, options: Mapping[str, Any]) -> Figure:
        return Figure(figsize=(0.5, 0.5))


def figure(value: float | None, low: float | None = None) -> dict[str, Any]:
    high = None if low is None or value is None else 2 * value - low
    return {"value": value, "low": low, "high": high, "interval": "" if low else "too few groups (3)", "better": "higher"}


def write(
    root: Path,
    *,
    quarantined: bool = False,
    journal: bool = True,
    count: int = 5,
    figures: dict[str, Any] | None = None,
    of_all: Sequence[str] = (),
    summary: Mapping[str, Any] = {},
    task: Sketched | None = None,
    **record: Any,
) -> Page:
    """A run's page; the figures `of_all` are of no case alone."""
    folder = RunFolder(root)
    figures = figures or {"psnr": figure(31.25, 30.5), "ssim": figure(0.875)}
    folder.record.write_text(
        json.dumps(
            {
                "recipe": "toys/denoise",
                "scale": "quick",
                "seed": 0,
                "device": "cpu (1 thread)",
                "created": "2026-01-01T00:00:00+00:00",
                "software": {"medai": "0.1.0"},
                "notes": ["out of memory: halved"],
                "data": {"ct": {"dataset": "toys/points", "embedded": True, "cases": 9, "groups": 3, "fingerprint": "abcd"}},
                "parts": {"train": 4, "test": 5},
                "origins": {},
                "departures": [{"path": "train.steps", "recipe": 100, "run": 6}],
                "configuration": {"protocol": {"options": {}}},
                "complete_configuration": {"model": {"use": "toys/net"}},
                **record,
            }
        ),
        encoding="utf-8",
    )
    left_out = [{"case": "test c9", "reason": "is <spoilt> & lost"}] if quarantined else []
    folder.summary.write_text(
        json.dumps(
            {
                "figures": figures,
                "baselines": {"toys/same": {"psnr": figure(25.125)}},
                "cases": {"used": count, "total": count + len(left_out)},
                "groups": 3,
                "one_subject": False,
                "protocol_hash": "0123abcd",
                "selected": {"step": 4, "steps": 6},
                "model": {"parameters": 12345, "trainable": 12000},
                "quarantined": left_out,
                **summary,
            }
        ),
        encoding="utf-8",
    )
    with folder.cases.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["predictor", "case", "group", "part", "status", "reason", "prediction", *figures])
        for predictor, shift in (("model", 0.0), ("toys/same", -6.0)):
            for n in range(count):
                rows.writerow(
                    [
                        predictor,
                        f"c{n}",
                        "g",
                        "test",
                        "ok",
                        "",
                        "p.npy",
                        *["" if name in of_all else 30 + (n * 7) % 5 + shift for name in figures],
                    ]
                )
        if quarantined:
            rows.writerow(["", "c9", "", "test", "quarantined", "is <spoilt> & lost", "", *["" for _ in figures]])
    if journal:
        lines = [{"kind": "train", "step": step, "epoch": 0, "loss": 1 / step} for step in (20, 40)]
        lines += [{"kind": "valid", "step": step, "epoch": 0, "psnr": None if step == 20 else 30.0} for step in (20, 40, 60)]
        folder.journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

    def answers(ids: Sequence[str]) -> Iterator[tuple[Sample[Any, Any], Any]]:
        for id in ids:
            image = Image(torch.linspace(0, 1, 256).reshape(1, 16, 16), "0..1")
            yield Sample(Case(id, "g"), image, image), image

    assert write_report(folder, task or Sketched(), answers) == folder.report
    return Page(folder.report.read_text(encoding="utf-8"))


def test_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    page = write(tmp_path, quarantined=True)
    assert page.loads and all(item.startswith("data:image/png;base64,") for item in page.loads)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(", text)


def test_pictures_come_first_the_median_the_best_and_the_worst(tmp_path: Path) -> None:
    page = write(tmp_path)
    # The figures are 30, 32, 34, 31, 33.
    assert page.images[:3] == ["c1: median of 5 by psnr: 32.000", "c2: best of 5 by psnr: 34.000", "c0: worst of 5 by psnr: 30.000"]
    assert page.images[3:] == ["losses and validation figures over the steps", "figures of each case"]
    text = page.text
    assert text.index("Pictures") < text.index("Curves") < text.index("Figures, measured") < text.index("What was run")


def test_pictures_are_chosen_by_a_figure_that_a_case_has_alone(tmp_path: Path) -> None:
    page = write(tmp_path, figures={"auc": figure(0.5), "psnr": figure(31.25)}, of_all=("auc",))
    assert page.images[0] == "c1: median of 5 by psnr: 32.000" and page.images[-1] == "figures of each case"
    (tmp_path / "none").mkdir()
    page = write(tmp_path / "none", figures={"auc": figure(0.5)}, of_all=("auc",), journal=False)
    assert page.images == ["c0: 1 of 5", "c1: 2 of 5", "c2: 3 of 5"]


def test_cases_with_a_remark_come_before_the_median(tmp_path: Path) -> None:
    page = write(tmp_path, summary={"shown": [{"case": "c3", "why": "missed: <mass>"}, {"case": "c0", "why": "false positive at 0.93"}]})
    assert page.images[:4] == [
        "c3: missed: <mass>",
        "c0: false positive at 0.93",
        "c1: median of 5 by psnr: 32.000",
        "c2: best of 5 by psnr: 34.000",
    ]


def test_pictures_of_metrics_stand_under_the_figures(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    Picture.new("RGB", (4, 3), "red").save(tmp_path / "charts" / "froc.png")
    page = write(tmp_path, summary={"charts": [{"figure": "froc", "file": "charts/froc.png"}]})
    assert page.images[-1] == "froc"
    inside = base64.b64decode(page.loads[-1].removeprefix("data:image/png;base64,"))
    assert inside == (tmp_path / "charts" / "froc.png").read_bytes()
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.index("test cases used") < text.index('alt="froc"') < text.index("Each case")


def test_a_case_that_cannot_be_drawn_is_said_and_costs_nothing_else(tmp_path: Path) -> None:
    class Fails(Sketched):
        def draw(self, sample: Sample[Image, Image], prediction: Image, options: Mapping[str, Any]) -> Figure:
            if sample.case.id == "c2":
                raise ValueError("no colour <blurple>")
            return super().draw(sample, prediction, options)

    page = write(tmp_path, task=Fails())
    assert page.images[:2] == ["c1: median of 5 by psnr: 32.000", "c0: worst of 5 by psnr: 30.000"]
    assert "c2 could not be drawn: ValueError: no colour <blurple>" in page.text and "31.250" in page.text


def test_figures_intervals_and_marks(tmp_path: Path) -> None:
    text = write(tmp_path).text
    for said in (
        "31.250",
        "30.500 to 32.000",
        "0.875",
        "too few groups (3)",
        "25.125",
        "0123abcd",
        "12,000 trainable parameters of 12,345",
    ):
        assert said in text, said
    assert "Scale “quick”: these figures are not comparable" in text and "out of memory: halved" in text and "train.steps" in text
    assert "not comparable" not in write(tmp_path, scale="paper").text


def test_left_out_cases_are_shown_and_escaped(tmp_path: Path) -> None:
    page = write(tmp_path, quarantined=True)
    assert "5 of 6 test cases used" in page.text and "test c9" in page.text and "is <spoilt> & lost" in page.text
    assert "spoilt" not in page.tags
    assert "Left out" not in write(tmp_path).text


def test_without_curves(tmp_path: Path) -> None:
    page = write(tmp_path, journal=False)
    assert page.images[3:] == ["figures of each case"]
    (tmp_path / "one").mkdir()
    page = write(tmp_path / "one", journal=False, count=1)
    assert page.images == ["c0: median of 1 by psnr: 30.000"] and "Curves" not in page.text


@pytest.mark.parametrize("value", [None, 0.0])
def test_a_figure_that_is_not_defined(tmp_path: Path, value: float | None) -> None:
    page = write(tmp_path, figures={"auc": figure(value)})
    assert len(page.images) == 5 and ("auc ↑" in page.text)


def test_a_figure_that_no_case_has_alone_is_no_fault(tmp_path: Path) -> None:
    write(tmp_path)
    folder = RunFolder(tmp_path)
    summary = json.loads(folder.summary.read_text(encoding="utf-8"))
    # Such as the figure of a class, of which a case with one class says nothing.
    folder.summary.write_text(json.dumps({**summary, "figures": {"ap-cyst": figure(0.5), **summary["figures"]}}), encoding="utf-8")
    write_report(folder, Sketched(), lambda ids: ())
    assert "ap-cyst" in folder.report.read_text(encoding="utf-8")
