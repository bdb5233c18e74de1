"""What the author of a plugin needs: contract checks, stub data, a scaffold, and the recorded interface of medai.

Importing this package imports neither torch nor numpy.
"""

from medai_sdk.contract.outcome import Outcome, Report
from medai_sdk.contract.supervise import check_plugin

__version__ = "0.1.0"
__all__ = ["Outcome", "Report", "check_plugin"]
