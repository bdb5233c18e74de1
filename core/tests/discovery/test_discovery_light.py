"""Declaring, finding and listing loads nothing heavy, in a fresh interpreter."""

from __future__ import annotations

from typing import Any

import pytest

HEAVY = ("torch", "numpy", "pydantic", "rich", "scipy", "matplotlib", "email.parser", "packaging")


@pytest.mark.parametrize(
    "code",
    [
        "import medai",
        "import medai.api",
        "import medai._discovery; assert len(medai._discovery.registry().entries()) > 1",
        "from medai._cli import cli; cli(['list'], standalone_mode=False)",
        "from medai._cli import cli; cli(['list', 'plugins', '--json'], standalone_mode=False)",
        "from medai._cli import cli; cli(['--help'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_imported(site: Any, code: str) -> None:
    site.install("medai-alpha", requires=["medai>=0.1", "torch"])
    done = site.python("-c", f"{code}\nimport sys\nprint('HEAVY', [name for name in {HEAVY} if name in sys.modules])")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "HEAVY []"
