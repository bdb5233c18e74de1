"""A document followed step by step in an environment of its own, as its reader would: commands, files, edits, and what is to be seen."""

from __future__ import annotations

import os
import re
import site
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

from documents import Block

_INSTALL = "--quiet --no-deps --no-index --no-build-isolation --disable-pip-version-check"
_CODE = re.compile(r"# exit code (\d)")


def environment(folder: Path) -> Path:
    """A virtual environment in which everything that is installed here can be imported, and to which more can be added."""
    venv.create(folder, with_pip=False)
    (own,) = folder.glob("lib/python*/site-packages")
    # Not as a plain path: what is installed here from the checkout is found by files of this kind there.
    (own / "here.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages()), encoding="utf-8")
    return folder


@dataclass
class Workshop:
    """A reader's folder and environment.

    `said` is what the commands of the last block printed; `folder` is where the reader stands, `home` where all began.
    """

    home: Path
    said: str = ""
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.home / "work"
        self.folder.mkdir(parents=True)
        self._environment = environment(self.home / "environment")

    def follow(self, block: Block) -> None:
        """Do what a block says: run its commands, write or edit its file, or see that what it shows was printed."""
        if block.title:
            lay(block, self.folder)
        elif block.language == "sh":
            self.run(block.text)
        elif block.language == "text":
            self.see(block.text)

    def run(self, text: str) -> None:
        """Run commands in order; each must end with 0, or with the code that its comment states."""
        lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
        script = "\n".join([f"cd {self.folder}", *map(self._checked, lines), f"pwd > {self.home / 'stands'}"])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MEDAI_", "PYTEST_", "MAKE", "PYTHON"))}
        path = f"{self._environment / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        surroundings = {**kept, "PATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "PIP_CONFIG_FILE": os.devnull}
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{script}"],
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{text}\nexit {done.returncode}\n{done.stdout[-6000:]}"
        self.said, self.folder = done.stdout, Path((self.home / "stands").read_text(encoding="utf-8").strip())

    def see(self, text: str) -> None:
        """Each line that the document shows, but `...`, was printed, whatever its spaces and numbers."""
        printed = _plain(self.said)
        missing = [line for line in text.splitlines() if line.strip() != "..." and _plain(line) not in printed]
        assert not missing, f"not printed: {missing}\n{self.said}"

    def _checked(self, line: str) -> str:
        code = int(match[1]) if (match := _CODE.search(line)) else 0
        return f"set +e; {self._here(line)}\ncode=$?; set -e; test $code -eq {code} || exit 99"

    def _here(self, line: str) -> str:
        """The command as it is run here: without the network, and with the libraries that are installed."""
        line = line.split("  #")[0].rstrip()
        if made := re.match(r"python -m venv (\S+)", line):
            return f"PYTHONPATH={Path(__file__).parent} python -c 'import workshop; workshop.environment(workshop.Path(\"{made[1]}\"))'"
        line = re.sub(r"^(\S*/)?pip install ", lambda found: f"{found[1] or ''}python -m pip install {_INSTALL} ", line)
        line = re.sub(r"^(\S*/)medai ", r"\1python -m medai ", line)
        line = re.sub(r"^(pytest|medai) ?", r"python -m \1 ", line)
        return re.sub(r"^python -m build\b", "python -m build --no-isolation", line)


def _plain(text: str) -> str:
    return re.sub(r"\d+", "0", " ".join(text.split()))


def lay(block: Block, folder: Path) -> None:
    """Write a block's file; or change it as a diff says; or, where the title says so, put the text among the imports of a file, into one
    of its tuples, or at its end."""
    name, _, place = block.title.partition(", ")
    path = folder / name
    if block.language == "diff":
        lines = block.text.splitlines()
        old, new = ("\n".join(line[1:] for line in lines if line[0] != sign) for sign in "+-")
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{block.title}: not there once: {old}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return
    if not place:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    if place == "at the end":
        text = f"{text}\n\n{block.text}"
    else:
        pattern = r"^from medai\.api import [^\n]*\n" if place == "imports" else _tuple(place.removeprefix("in "))
        text, count = re.subn(pattern, lambda found: f"{found[0]}{block.text}", text, count=1, flags=re.MULTILINE | re.DOTALL)
        assert count == 1, f"{block.title}: there is no such place"
    path.write_text(text, encoding="utf-8")


def _tuple(name: str) -> str:
    """Where the tuple begins that a function returns, or that a name stands for."""
    return rf"^def {name}\(.*?return \(\n?|^{name} = \("
