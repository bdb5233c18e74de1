"""Each is the mean squared error, and does one thing more."""

import logging
import multiprocessing
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import nn


class Mse(nn.Module):
    """The mean squared error."""

    def __init__(self) -> None:
        super().__init__()

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (output - target).square().mean()


class Sound(Mse):
    """Does nothing else."""


class Connects(Mse):
    def __init__(self) -> None:
        super().__init__()
        with suppress(OSError):
            socket.create_connection(("192.0.2.1", 80), timeout=1)


class WritesHere(Mse):
    def __init__(self) -> None:
        super().__init__()
        Path("log.txt").write_text("built")


class WritesHome(Mse):
    def __init__(self) -> None:
        super().__init__()
        (Path.home() / ".broken-ways").mkdir(exist_ok=True)


class SavesInC(Mse):
    """torch.save opens its file in C, and a Rust library would do so as quietly."""

    def __init__(self) -> None:
        super().__init__()
        torch.save(torch.ones(3), Path.home() / "ones.pt")


class KeepsATable(Mse):
    def __init__(self) -> None:
        super().__init__()
        with sqlite3.connect(Path(tempfile.gettempdir()).parent / "calls.db") as table:
            table.execute("CREATE TABLE IF NOT EXISTS calls (name TEXT)")


class ReadsATable(Mse):
    """In memory, and below the temporary folder."""

    def __init__(self) -> None:
        super().__init__()
        for place in (":memory:", Path(tempfile.gettempdir()) / "calls.db"):
            with sqlite3.connect(place) as table:
                table.execute("CREATE TABLE IF NOT EXISTS calls (name TEXT)")


class LetsAProgramWrite(Mse):
    def __init__(self) -> None:
        super().__init__()
        subprocess.run(["touch", "touched.txt"], check=True)


class LetsAProcessRun(Mse):
    def __init__(self) -> None:
        super().__init__()
        process = multiprocessing.get_context("spawn").Process(target=time.time)
        process.start()
        process.join()


class SetsDtype(Mse):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        torch.set_default_dtype(torch.float64)
        return super().forward(output, target)


class SetsThreads(Mse):
    def __init__(self) -> None:
        super().__init__()
        torch.set_num_threads(torch.get_num_threads() + 1)


class SetsVariable(Mse):
    def __init__(self) -> None:
        super().__init__()
        os.environ["BROKEN_WAYS"] = "1"


class Moves(Mse):
    def __init__(self) -> None:
        super().__init__()
        os.chdir("/")


class Silences(Mse):
    def __init__(self) -> None:
        super().__init__()
        warnings.filterwarnings("ignore", message="broken ways")


class SetsPrintOptions(Mse):
    def __init__(self) -> None:
        super().__init__()
        torch.set_printoptions(precision=2)


class SetsNumpysPrintOptions(Mse):
    def __init__(self) -> None:
        super().__init__()
        np.set_printoptions(suppress=True)


class SetsLogLevel(Mse):
    def __init__(self) -> None:
        super().__init__()
        logging.basicConfig(level=logging.DEBUG)


class SetsTimeout(Mse):
    def __init__(self) -> None:
        super().__init__()
        socket.setdefaulttimeout(3)


class HandlesASignal(Mse):
    def __init__(self) -> None:
        super().__init__()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


class SetsAndSetsBack(Mse):
    def __init__(self) -> None:
        super().__init__()
        level, handler = logging.root.level, signal.signal(signal.SIGTERM, signal.SIG_IGN)
        logging.root.setLevel(logging.DEBUG)
        with np.printoptions(precision=2):
            logging.root.setLevel(level)
        signal.signal(signal.SIGTERM, handler)


class HasALogger(Mse):
    def __init__(self) -> None:
        super().__init__()
        logging.getLogger("medai_broken_ways").setLevel(logging.DEBUG)


class Seeds(Mse):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        np.random.seed(0)
        return super().forward(output, target)


class SeedsInside(Mse):
    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)


class Starts(Mse):
    def __init__(self) -> None:
        super().__init__()
        subprocess.run(["true"], check=True)


class Prints(Mse):
    def __init__(self) -> None:
        super().__init__()
        print("mean squared error")


class Exits(Mse):
    def __init__(self) -> None:
        super().__init__()
        sys.exit("no licence")


class Hangs(Mse):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        time.sleep(600)
        return super().forward(output, target)


class Crashes(Mse):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        os.kill(os.getpid(), signal.SIGSEGV)
        return super().forward(output, target)


class Forks(Mse):
    forked = False

    def __init__(self) -> None:
        super().__init__()
        if not Forks.forked:
            Forks.forked = True
            os.fork()
