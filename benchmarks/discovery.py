"""What finding the plugins costs: CPU time of `medai list`, user and system, in fresh interpreters with warm bytecode.

Wanted: with all plugins installed at most 2.0 times that of importing click, pluggy and importlib_metadata, medians of 21 in one run, taken
in turns; at most 1.0 ms for each of 300 generated plugins more; torch, numpy and pydantic not imported. No cache file is involved.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MOST_TIMES, MOST_MS = 2.0, 1.0
REPEATS, PLUGINS = 21, 300
HEAVY = ("torch", "numpy", "pydantic")

IMPORTS = ("-c", "import click, pluggy, importlib_metadata")
LIST = ("-c", "from medai._cli import main; main()", "list")
LIST_THEN_MODULES = (
    "-c",
    "import sys; from medai._cli import cli; cli(['list'], standalone_mode=False); print(*sys.modules, file=sys.stderr)",
)

PLUGIN = '''"""A plugin of the size that a paper's has."""

from medai.api import ModelSpec, Recipe, Slot, hookimpl, use


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return (
        ModelSpec(name="net", target="medai_{name}.models:Net", summary="A network of {name}.", source="Table 1", license="MIT"),
        ModelSpec(name="small-net", target="medai_{name}.models:Small", summary="A smaller one.", source="Table 1", license="MIT"),
    )


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    return (
        Recipe(
            name="net",
            task="any",
            summary="The network of {name}.",
            model=use("{name}/net", channels=32),
            data={{"scans": Slot(folder=use("{name}/scans"))}},
        ),
    )
'''

README = "A line of the long description that a distribution's metadata carries.\n" * 100


def main() -> int:
    """Measure, print, and say by the exit status whether all is as wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        for number in range(PLUGINS):
            write_plugin(site, f"p{number:03d}")
        bare, listed, many = in_turns([(IMPORTS, None), (LIST, None), (LIST, site)], repeats)
    times, each = listed / bare, (many - listed) / PLUGINS
    heavy = loaded()
    print(f"import click, pluggy, importlib_metadata  {bare:6.1f} ms CPU")
    print(f"medai list                                {listed:6.1f} ms CPU  {times:.2f} times, wanted <= {MOST_TIMES}")
    print(f"medai list with {PLUGINS} plugins more          {many:6.1f} ms CPU  {each:.3f} ms each, wanted <= {MOST_MS}")
    print(f"imported of {', '.join(HEAVY)}: {', '.join(heavy) or 'none'}")
    return int(times > MOST_TIMES or each > MOST_MS or bool(heavy))


def write_plugin(site: Path, name: str) -> None:
    """A distribution as an installer leaves it: a package with a light module, and its metadata."""
    package, info = site / f"medai_{name}", site / f"medai_{name}-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(PLUGIN.format(name=name))
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: medai-{name}\nVersion: 1.0\nRequires-Dist: medai>=0.1\nRequires-Dist: torch>=2.6\n\n{README}"
    )
    (info / "entry_points.txt").write_text(f"[medai.v1]\n{name} = medai_{name}.plugin\n")


def in_turns(commands: Sequence[tuple[Sequence[str], Path | None]], repeats: int) -> list[float]:
    """Median CPU time in ms of each command; one after the other in each round, so that a busy machine slows all alike."""
    rounds = [[cpu_ms(arguments, site) for arguments, site in commands] for _ in range(repeats + 1)]
    # The first round writes the bytecode.
    return [statistics.median(times) for times in zip(*rounds[1:], strict=True)]


def cpu_ms(arguments: Sequence[str], site: Path | None) -> float:
    """User and system time of one interpreter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(arguments, site)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # A list that lacks the plugins would be quick.
    assert site is None or done.stdout.count("A smaller one.") == PLUGINS, done.stderr
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def run(arguments: Sequence[str], site: Path | None = None) -> subprocess.CompletedProcess[str]:
    """An interpreter with none of the switches set, and with `site` on its path."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MEDAI_") and key != "PYTHONPATH"}
    if site is not None:
        environment["PYTHONPATH"] = str(site)
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True)


def loaded() -> list[str]:
    """Which of the heavy packages `medai list` imports."""
    modules = run(LIST_THEN_MODULES).stderr.split()
    return [name for name in HEAVY if name in modules]


if __name__ == "__main__":
    sys.exit(main())
