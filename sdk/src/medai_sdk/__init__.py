"""What the author of a plugin needs: contract checks, stub data, a scaffold, and the recorded interface of medai.

Importing this package imports neither torch nor numpy, and nothing of medai: pytest imports it at every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medai_sdk.contract.isolation.supervise import check_plugin
    from medai_sdk.contract.outcome import Outcome, Report

__version__ = "0.1.0"
__all__ = ["Outcome", "Report", "check_plugin"]


def __getattr__(name: str) -> object:
    if name in ("Outcome", "Report"):
        from medai_sdk.contract import outcome

        return getattr(outcome, name)
    if name == "check_plugin":
        from medai_sdk.contract.isolation.supervise import check_plugin

        return check_plugin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
