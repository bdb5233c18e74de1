"""A name that no file can bear, and a folder that is not there, are the caller's slips: exit code 2 and a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from medai.errors import UsageError
from medai_sdk.cli import plugin

LONG = "a" * 300


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", LONG), "there is no plugin 'aaa"),
        (("check", f"/{LONG}/x"), "there is no plugin '/aaa"),
        (("new", f"medai-{LONG}", "--task", "restoration"), "a name of 306 characters is too long: it may have 200"),
        (("new", "--diff", LONG), "there is no pyproject.toml"),
        (("api", "--against", LONG), "is neither a file nor a version"),
    ],
)
def test_a_name_that_is_too_long(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(plugin, arguments)
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    assert said in str(result.exception)


def test_a_surface_is_written_into_a_folder_that_is_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(plugin, ["api", "--write", str(tmp_path / "away" / "now.json")])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == f"{tmp_path}/away/now.json: there is no folder {tmp_path}/away"
    assert not list(tmp_path.iterdir())
