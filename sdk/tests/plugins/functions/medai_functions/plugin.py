"""What this plugin offers: functions as targets, one of which returns what it should."""

from medai.api import LossSpec, MetricSpec, hookimpl

_HERE = "medai_functions.functions"


@hookimpl
def medai_losses():
    return [LossSpec(name=name, target=f"{_HERE}:{name}", summary=name, task="restoration") for name in ("itself", "lax", "maker")]


@hookimpl
def medai_metrics():
    return [MetricSpec(name=name, target=f"{_HERE}:{name}", summary=name, task="restoration") for name in ("itself", "lax")]
