"""What a new plugin costs: seconds from `medai plugin new` to a passing `medai plugin check`, for the template of each task.

Wanted: under 60 s each on two cores. A plugin is made in a temporary folder and put on the import path with the metadata that `pip install
-e` would leave there; `--install` lets pip itself do it, into a folder, without dependencies. No network is used.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from medai_sdk.scaffold import templated_tasks

MOST_SECONDS = 60.0


def main() -> int:
    """Measure, print, and say by the exit status whether all is as wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", help="tasks; default: all that have a template")
    parser.add_argument("--install", action="store_true", help="install with pip")
    given = parser.parse_args()
    print(f"{'task':16}{'new':>7}{'install':>9}{'check':>8}{'in all':>8}{'CPU':>8}")
    slow = []
    for task in given.tasks or sorted(templated_tasks()):
        with tempfile.TemporaryDirectory() as home:
            made, installed, checked, processor = measure(task, Path(home), pip=given.install)
        total = made + installed + checked
        print(f"{task:16}{made:6.1f}s{installed:8.1f}s{checked:7.1f}s{total:7.1f}s{processor:7.1f}s")
        if total > MOST_SECONDS:
            slow.append(task)
    print(f"wanted: {MOST_SECONDS:.0f} s at most; {'slower: ' + ', '.join(slow) if slow else 'kept'}; load {os.getloadavg()[0]:.1f}")
    return 1 if slow else 0


def measure(task: str, home: Path, *, pip: bool) -> tuple[float, float, float, float]:
    """Seconds to make, to install and to check a plugin, and the CPU's seconds in all."""
    name, before = f"medai-bench-{task}", _processor()
    began = time.perf_counter()
    _medai(home, "plugin", "new", name, "--task", task, "--into", str(home))
    made = time.perf_counter()
    path = _installed(home / name, home / "site") if pip else _put_on_the_path(home / name)
    installed = time.perf_counter()
    _medai(path, "plugin", "check", name)
    checked = time.perf_counter()
    return made - began, installed - made, checked - installed, _processor() - before


def _medai(path: Path, *words: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run([sys.executable, "-m", "medai", *words], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"medai {' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def _installed(plugin: Path, site: Path) -> Path:
    words = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site), str(plugin))
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    return site


def _put_on_the_path(plugin: Path) -> Path:
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = plugin / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    fields = {"Name": project["name"], "Version": project["version"], "Summary": project["description"], "Keywords": "medai"}
    fields |= {"License-Expression": project["license"]}
    lines = [*(f"{field}: {value}" for field, value in fields.items()), *(f"Requires-Dist: {each}" for each in project["dependencies"])]
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.4", *lines, ""]), encoding="utf-8")
    points = [f"{name} = {value}" for name, value in project["entry-points"]["medai.v1"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[medai.v1]", *points, ""]), encoding="utf-8")
    return plugin / "src"


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
