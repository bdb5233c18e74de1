from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medai._results.experiment import ExperimentFolder
from medai._results.folder import RunFolder
from medai._results.resamples import Resamples, groups_hash, read_resamples, write_resamples
from medai.errors import DataError


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path, rng = RunFolder(tmp_path).resamples, np.random.default_rng(0)
    own = {"psnr": rng.normal(size=7), "größe-1": np.array([np.nan, np.inf, 0.1, 2, 3, 4, 5])}
    write_resamples(path, [Resamples("model", "aa", own), Resamples("toys/same (x)", "bb", {"psnr": rng.normal(size=7)})])
    found = read_resamples(path)
    assert list(found) == ["model", "toys/same (x)"] and list(found["model"].draws) == list(own)
    assert (found["model"].groups, found["toys/same (x)"].groups) == ("aa", "bb")
    for name, values in own.items():
        assert found["model"].draws[name].dtype == np.float64 and np.array_equal(found["model"].draws[name], values, equal_nan=True)


def test_another_program_reads_it_without_pickle(tmp_path: Path) -> None:
    write_resamples(tmp_path / "resamples.npz", [Resamples("model", "aa", {"psnr": np.arange(3.0)})])
    with np.load(tmp_path / "resamples.npz", allow_pickle=False) as file:
        assert {name: file[name].tolist() for name in file} == {
            "predictor": ["model"],
            "figure": ["psnr"],
            "groups": ["aa"],
            "draws": [[0.0, 1.0, 2.0]],
        }


def test_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "resamples.npz"
    assert read_resamples(path) == {}
    path.write_bytes(b"PK\x03\x04 and nothing")
    with pytest.raises(DataError, match=r"resamples\.npz: cannot be read"):
        read_resamples(path)
    np.savez(path, predictor=np.array(["model"]), figure=np.array(["a"]), groups=np.array(["x"]))
    with pytest.raises(DataError, match=r"resamples\.npz: cannot be read"):
        read_resamples(path)
    np.savez(path, predictor=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="allow_pickle=False"):
        read_resamples(path)


def test_the_hash_is_of_the_groups_and_not_of_their_cases() -> None:
    assert groups_hash(["b", "a", "a"]) == groups_hash(["a", "b"]) != groups_hash(["a", "c"])
    assert groups_hash(["a\nb"]) != groups_hash(["ab"])


def test_an_experiments_folder(tmp_path: Path) -> None:
    experiment = ExperimentFolder(tmp_path)
    assert not experiment.exists
    with pytest.raises(DataError, match=r"not an experiment: it has no experiment\.json"):
        experiment.read_record()
    experiment.record.write_text('{"format": 1, "seeds": [{"seed": 3, "status": "finished"}, {"seed": 4, "status": "failed"}]}')
    assert [run.root.name for run in experiment.finished()] == ["seed-3"]
    assert [item["seed"] for item in experiment.missing()] == [4]
    with pytest.raises(DataError, match="it holds an experiment, a run for each seed"):
        RunFolder(tmp_path).read_record()
    experiment.record.write_text('{"format": 2, "seeds": []}')
    with pytest.raises(DataError, match="written by a newer medai"):
        experiment.read_record()
