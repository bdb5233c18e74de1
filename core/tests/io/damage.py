"""Damaged files made from good ones, and a process that a reader may crash, hang or exhaust while it is fed with them.

    with Victim(tmp_path) as victim:
        good = path.read_bytes()
        report = victim.feed("medai.io:read_image", "a.png", good, damaged(good, 2000))
        report.check()

A case may be several files (`{"a.mhd": header, "a.raw": pixels}`), of which `each_of` damages one at a time; the reader is given the
first, or the folder when `entry` is `"."`. A reader that is no public function can be written in a module beside this one and named
`"module:function"`.

The reader may return (`read`), raise a DataError or a MemoryFault that names a file of the case and a reason (`refused`), and nothing
else: any other exception, a crash, a hang, a file written, changed, left behind or kept open, a file read from outside the case's
folder, pixels that are not finite float32 are faults, each kept as a file in the folder `faults`. What is printed is no fault, but kept.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Files = Mapping[str, bytes]

_MOST_FAULTS = 5  # then it is pointless to go on
_WIDTHS = (2, 4, 8)


def damaged(good: bytes, count: int, seed: int = 0, header: int = 512, text: bool = False) -> Iterator[bytes]:
    """`count` damaged copies of `good`, the same at every call.

    Half of all damage falls on the first `header` bytes, where formats keep what they claim. With `text`, numbers and words there are
    replaced as well.
    """
    rng = np.random.default_rng([seed, len(good)])
    kinds = [_truncated, _flipped, _burst, _removed, _doubled, _zeroed, _integer, _integer, _extended]
    kinds += [_number, _number, _word] if text else []
    for _ in range(count):
        content = bytearray(good)
        for _ in range(1 + int(rng.random() < 0.2)):
            if content:
                content = kinds[rng.integers(len(kinds))](content, rng, min(header, len(content)))
        yield bytes(content)


def each_of(good: Files, count: int, seed: int = 0, header: int = 512, text: tuple[str, ...] = ()) -> Iterator[Files]:
    """`count` copies of a case of several files, in each of which one file is damaged or missing; `text` names the text files."""
    rng = np.random.default_rng([seed, count])
    names = list(good)
    streams = {name: damaged(good[name], count, seed, header, name in text) for name in names}
    for _ in range(count):
        name = names[rng.integers(len(names))]
        if rng.random() < 0.02:
            yield {other: content for other, content in good.items() if other != name}
        else:
            yield {**good, name: next(streams[name])}


def _place(content: bytearray, rng: np.random.Generator, header: int) -> int:
    return int(rng.integers(header if rng.random() < 0.5 else len(content)))


def _block(content: bytearray, rng: np.random.Generator, header: int) -> slice:
    start = _place(content, rng, header)
    return slice(start, start + int(2 ** rng.uniform(0, 8)))


def _truncated(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    return content[: _place(content, rng, header)]


def _flipped(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    content[_place(content, rng, header)] ^= 1 << int(rng.integers(8))
    return content


def _burst(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    block = _block(content, rng, header)
    content[block] = rng.bytes(len(content[block]))
    return content


def _removed(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    del content[_block(content, rng, header)]
    return content


def _doubled(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    block = _block(content, rng, header)
    content[block] = content[block] * int(rng.integers(2, 5))
    return content


def _zeroed(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    block = _block(content, rng, header)
    content[block] = bytes(len(content[block]))
    return content


def _extended(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    return content + rng.bytes(int(2 ** rng.uniform(0, 10)))


def _integer(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    """An integer that claims too much, too little, or less than nothing."""
    width = _WIDTHS[rng.integers(len(_WIDTHS))]
    bits = 8 * width
    values = (0, 1, 2**bits - 1, 2 ** (bits - 1) - 1, 2 ** (bits - 1), 2 ** int(rng.integers(bits)), int(rng.integers(2**16)))
    start = _place(content, rng, header)
    if rng.random() < 0.7:
        start -= start % min(width, 4)
    content[start : start + width] = values[rng.integers(len(values))].to_bytes(width, "little" if rng.random() < 0.6 else "big")
    return content


_NUMBERS = (b"0", b"-1", b"1", b"7", b"65536", b"2147483648", b"99999999999999999999", b"1e308", b"-1e-320", b"nan", b"inf", b"0x10", b"")
_WORDS = (
    b"",
    b"None",
    b"../../outside",
    b"/etc/hostname",
    b"%s%n",
    b"\0",
    b"\xff\xfe",
    b"True",
    b"A" * 5000,
    b"\n",
    b"LIST",
    b"double",
    b"gzip",
)


def _number(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    return _replaced(content, rng, header, b"-+.0123456789", _NUMBERS)


def _word(content: bytearray, rng: np.random.Generator, header: int) -> bytearray:
    return _replaced(content, rng, header, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", _WORDS)


def _replaced(content: bytearray, rng: np.random.Generator, header: int, letters: bytes, values: tuple[bytes, ...]) -> bytearray:
    """The run of `letters` next after a place in the header, replaced by one of `values`."""
    start = int(rng.integers(header))
    while start < header and content[start] not in letters:
        start += 1
    end = start
    while end < len(content) and content[end] in letters:
        end += 1
    content[start:end] = values[rng.integers(len(values))]
    return content


@dataclass
class Report:
    """What became of the files that a reader was fed with: how many were read, how many refused and for which reasons, each fault,
    and the last of what was printed."""

    read: int = 0
    refused: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    printed: str = ""
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """Files fed."""
        return self.read + self.refused + len(self.faults)

    def check(self, least: int = 2000) -> None:
        """Fail when there was a fault, when fewer than `least` files were fed, when none was refused, or when memory ran out for one
        of a hundred: a small file must not get as far."""
        assert not self.faults, "\n".join(self.faults)
        assert self.reasons.get("out of memory", 0) <= self.total // 100, self
        assert self.total >= least, self
        assert self.refused, self


class Victim:
    """A process that reads whatever it is told to, in a folder of its own, and is started anew when it dies.

    Args:
        folder: a temporary folder.
        seconds: most that one file may take.
        memory: MiB that a file may add to the process's address space.
    """

    def __init__(self, folder: Path, seconds: float = 20.0, memory: int = 512) -> None:
        self._folder, self._seconds, self._memory = folder, seconds, memory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def feed(self, reader: str, name: str, good: bytes | Files, bad: Iterable[bytes | Files], entry: str = "", **arguments: Any) -> Report:
        """Feed `reader` (`"module:function"`) with each of `bad`.

        Args:
            reader: called with the path and `arguments`, which are JSON.
            name: the name of the file, where a case is one file.
            good: the case undamaged, which must be read: it brings in what is imported late.
            bad: the damaged cases.
            entry: the name of the file in a case of several that the reader is given; `"."` for their folder.
        """
        report, start = Report(), time.monotonic()
        first = {name: good} if isinstance(good, bytes) else good
        task = {"reader": reader, "arguments": arguments, "memory": self._memory, "entry": entry or next(iter(first))}
        self._warm(task, first)
        for number, item in enumerate(bad):
            case = {name: item} if isinstance(item, bytes) else item
            self._lay(case)
            answer = self._ask({})
            if answer.get("outcome") == "read":
                report.read += 1
            elif answer.get("outcome") == "refused":
                report.refused += 1
                report.reasons[answer["reason"]] = report.reasons.get(answer["reason"], 0) + 1
            else:
                report.faults.append(f"{self._kept(case, reader, number)}: {answer['fault']}")
                if len(report.faults) == _MOST_FAULTS:
                    break
                if self._process is None:
                    self._warm(task, first)
        end = self._ask({"end": True}) if self._process is not None else {}
        report.faults += [end["fault"]] if "fault" in end else []
        report.printed = end.get("printed", "")
        report.seconds = time.monotonic() - start
        return report

    def _warm(self, task: dict[str, Any], good: Files) -> None:
        self._lay(good)
        answer = self._ask(task, patience=120)
        assert answer.get("outcome") == "read", f"the undamaged file: {answer}"

    def _lay(self, case: Files) -> None:
        place = self._folder / "cases" / "case"
        place.mkdir(parents=True, exist_ok=True)
        for name in os.listdir(place):
            if name not in case:
                (place / name).unlink()
        for name, content in case.items():
            with open(f"{place}/{name}", "wb") as file:
                file.write(content)

    def _kept(self, case: Files, reader: str, number: int) -> Path:
        place = self._folder / "faults" / f"{reader.partition(':')[2]}-{next(iter(case), 'nothing')}-{number}"
        place.mkdir(parents=True, exist_ok=True)
        for name, content in case.items():
            (place / name).write_bytes(content)
        return place

    def _ask(self, request: dict[str, Any], patience: float | None = None) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        waited, _, _ = select.select([process.stdout], [], [], patience or self._seconds)
        line = process.stdout.readline() if waited else b""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = self._end()
        return {"fault": f"crashed with exit status {code}" if waited else f"took more than {patience or self._seconds} seconds"}

    def _start(self) -> subprocess.Popen[bytes]:
        (self._folder / "cases" / "case").mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("damage_victim.py")), str(self._folder / "cases")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self._folder / "cases",
            env={**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(self._folder / "cases"), "HOME": str(self._folder / "cases")},
        )
        return self._process

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin is not None
        process.stdin.close()
        try:
            code: int | None = process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        assert process.stdout is not None
        process.stdout.close()
        return code
