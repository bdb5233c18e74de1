"""The checks in a process of their own, which the supervisor may end: `python -m medai_sdk.contract.isolation.worker FD LIFELINE ORDER`.

`ORDER` is a JSON file with the plugin, a folder to work in, the checks wanted, and those that are done or given up. What is said goes to
the descriptor `FD`, a line of JSON each; the supervisor holds the other end of `LIFELINE` for as long as it lives.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from medai_sdk.contract.isolation.battery import Battery


class Mouth:
    """Says things to the supervisor. A child that was forked cannot: it may come back out of the component's code as we do."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor
        os.register_at_fork(after_in_child=self._close)

    def say(self, **message: Any) -> None:
        """Say it, as one line."""
        held = (json.dumps(message, default=str) + "\n").encode()
        while held:
            held = held[os.write(self._descriptor, held) :]

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1


def main() -> None:
    """Run what is ordered; say when a check begins and what came of it."""
    faulthandler.register(signal.SIGUSR1)
    mouth, lifeline = Mouth(int(sys.argv[1])), int(sys.argv[2])
    threading.Thread(target=_live_with, args=(lifeline,), daemon=True, name="medai-lifeline").start()
    order = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    # Other plugins may be broken, and what a plugin uses it has to require.
    os.environ["MEDAI_PLUGINS"] = ",".join(order["plugins"])
    Battery(order, mouth.say).run()
    mouth.say(end=True)


def _live_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main()
