"""pytest, for a plugin's own tests: each check of the contract is a test.

Nothing happens unless it is asked for, by `pytest --medai-plugin medai-acme` or in `pyproject.toml`:

    [tool.pytest.ini_options]
    medai_plugin = "medai-acme"

Then the checks stand beside the tests, as `medai-acme::model acme/net::model.finite-gradients`. With the setting alone they are left out
where files are named on the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

# pytest imports this module at every start, also of those who want nothing of it: all else is imported when it is asked for.
if TYPE_CHECKING:
    from medai_sdk.contract.outcome import Report

_BATTERY = "medai-battery"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option and the settings."""
    group = parser.getgroup("medai", "contract of medai's plugins")
    group.addoption("--medai-plugin", metavar="NAME", help="Hold the installed plugin NAME to medai's contract, a test for each check.")
    parser.addini("medai_plugin", "the plugin that is held to medai's contract, such as medai-acme", default="")
    parser.addini("medai_least_checks", "how many checks have to come to a verdict; without it, one of each component", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Add the checks when they are asked for."""
    name = config.getoption("--medai-plugin") or config.getini("medai_plugin")
    if name:
        from medai_sdk.contract.pytest_battery import Battery

        collected = bool(config.getoption("--medai-plugin")) or config.args_source is not config.ArgsSource.ARGS
        config.pluginmanager.register(Battery(config, name, collected=collected), _BATTERY)


@pytest.fixture(scope="session")
def medai_report(request: pytest.FixtureRequest) -> Report:
    """What came of all checks of the plugin that `medai_plugin` or `--medai-plugin` names: a `medai_sdk.Report`."""
    battery = request.config.pluginmanager.get_plugin(_BATTERY)
    if battery is None:
        raise pytest.UsageError("medai_report: name the plugin, by medai_plugin in the settings or by --medai-plugin")
    report: Report = battery.report(request.session)
    return report
