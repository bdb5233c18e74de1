"""`medai run`: execute a recipe, or the rest of a run that was cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from medai._cli.fractions import FRACTION
from medai._imports import importing


@click.command(short_help="Run a recipe on embedded data or on yours.")
@click.argument("recipe", required=False)
@click.option("--data", multiple=True, metavar="NAME=[DATASET:]PATH", help="A folder for a data slot; repeatable.")
@click.option("--set", "assignments", multiple=True, metavar="A.B=VALUE", help="Override a value of the recipe; repeatable.")
@click.option("--scale", metavar="NAME", help="A named set of overrides; default quick on embedded data, paper with --data.")
@click.option("--protocol", default="", metavar="NAME", help="One of the recipe's protocols; default its own.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), show_default=True, help="Where run folders go."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of weights, order and every case.")
@click.option("--seeds", type=click.IntRange(min=1), help="Run this many seeds as one experiment, and rank it over all of them.")
@click.option("--workers", type=click.IntRange(min=0), help="Loader processes; default none on the CPU, up to 8 on a GPU.")
@click.option("--upstream", multiple=True, metavar="NAME=RUN", help="Use a finished run for an upstream stage; repeatable.")
@click.option(
    "--max-bad",
    type=FRACTION,
    default=0.1,
    show_default=True,
    help="Largest fraction of bad cases to leave out; one in any case, but for 0.",
)
@click.option("--deterministic", is_flag=True, help="Deterministic algorithms alone, an error where there is none.")
@click.option("--compile", "compiled", is_flag=True, help="torch.compile the training step, with a fallback.")
@click.option("--stub", is_flag=True, help="A few steps on stub data in each dataset's raw layout.")
@click.option("--dry-run", is_flag=True, help="Print configuration, split sizes and estimates; run nothing.")
@click.option(
    "--resume", type=click.Path(path_type=Path, file_okay=False), metavar="RUN", help="Go on with a run or an experiment that was cut off."
)
@click.option("--json", "as_json", is_flag=True, help="Print summary.json's content; of an experiment, its record and leaderboard.")
def command(recipe: str | None, resume: Path | None, out: Path, as_json: bool, **given: Any) -> None:
    """Run RECIPE (an id such as plugin/name, or a TOML file) and write a run folder with a report."""
    if (recipe is None) == (resume is None):
        raise click.UsageError("give a recipe, or --resume RUN")
    if resume is not None:
        _refuse_others()
        changed = click.get_current_context().get_parameter_source("max_bad") is click.core.ParameterSource.COMMANDLINE
        _resume(resume, given["device"], given["workers"], given["max_bad"] if changed else None, as_json)
    elif given["dry_run"]:
        _dry_run(str(recipe), given, as_json)
    elif given["seeds"] is not None:
        _run_seeds(str(recipe), given, out, as_json)
    else:
        _run(str(recipe), given, out, as_json)


def _refuse_others() -> None:
    """A resumed run keeps its configuration: an option that would change it is an error, not ignored."""
    context = click.get_current_context()
    kept = {"resume", "device", "workers", "max_bad", "as_json", "recipe"}
    for option in context.command.params:
        name = option.name or ""
        if name not in kept and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} cannot be given with --resume: the run keeps its own configuration")


def _run(recipe: str, given: dict[str, Any], out: Path, as_json: bool) -> None:
    with importing():
        from medai._cli.console import ConsoleListener
        from medai._engine.device import is_first_process
        from medai._engine.execute import execute
        from medai._engine.listener import Listener

    listener = ConsoleListener() if is_first_process() else Listener()
    folder, summary = execute(_request(recipe, given), _options(given), out, listener)
    if is_first_process():
        _show(summary, folder.report, as_json)


def _run_seeds(recipe: str, given: dict[str, Any], out: Path, as_json: bool) -> None:
    with importing():
        from medai._cli.console import ConsoleListener
        from medai._cli.experiment import show_experiment
        from medai._engine.device import is_first_process
        from medai._engine.experiment import run_experiment
        from medai._engine.listener import Listener

    listener = ConsoleListener() if is_first_process() else Listener()
    show_experiment(run_experiment(_request(recipe, given), _options(given), given["seeds"], out, listener), as_json)


def _resume(root: Path, device: str, workers: int | None, budget: float | None, as_json: bool) -> None:
    with importing():
        from medai._cli.console import ConsoleListener
        from medai._engine.device import is_first_process
        from medai._engine.listener import Listener
        from medai._engine.run import resume
        from medai._results.experiment import ExperimentFolder
        from medai._results.folder import RunFolder

    listener, chosen = ConsoleListener() if is_first_process() else Listener(), None if device == "auto" else device
    if ExperimentFolder(root).exists:
        _resume_seeds(ExperimentFolder(root), chosen, workers, budget, listener, as_json)
        return
    try:
        summary = resume(RunFolder(root), listener, device=chosen, workers=workers, budget=budget)
    finally:
        listener.close()
    if is_first_process():
        _show(summary, RunFolder(root).report, as_json)


def _resume_seeds(folder: Any, device: str | None, workers: int | None, budget: float | None, listener: Any, as_json: bool) -> None:
    from medai._cli.experiment import show_experiment
    from medai._engine.experiment import resume_experiment

    show_experiment(resume_experiment(folder, listener, device=device, workers=workers, budget=budget), as_json)


def _dry_run(recipe: str, given: dict[str, Any], as_json: bool) -> None:
    import tempfile

    with importing():
        from medai._cli.console import ConsoleListener
        from medai._cli.plan import plan_record, plan_text
        from medai._engine.configure import configure
        from medai._engine.rehearse import rehearse

    ConsoleListener()  # so that what the data warn of is said as in a run
    with tempfile.TemporaryDirectory() as scratch:
        configuration = configure(_request(recipe, given), stub_root=Path(scratch))
        rehearsal = rehearse(configuration, _options(given))
    click.echo(json.dumps(plan_record(rehearsal), indent=2) if as_json else plan_text(rehearsal))


def _request(recipe: str, given: dict[str, Any]) -> Any:
    from medai._engine.configure import Request

    return Request(recipe, given["data"], given["assignments"], given["scale"], given["stub"], protocol=given["protocol"])


def _options(given: dict[str, Any]) -> Any:
    from medai._engine.options import Options
    from medai.errors import UsageError

    upstream = {}
    for text in given["upstream"]:
        name, separator, root = text.partition("=")
        if not separator:
            raise UsageError(f"--upstream {text!r}: wanted NAME=RUN")
        upstream[name] = root
    return Options(
        device=given["device"],
        seed=given["seed"],
        workers=given["workers"],
        deterministic=given["deterministic"],
        compile=given["compiled"],
        budget=given["max_bad"],
        upstream=upstream,
    )


def _show(summary: dict[str, Any], report: Path, as_json: bool) -> None:
    from medai._cli.results import cases_line, figures_table

    if as_json:
        click.echo(json.dumps(summary, indent=2))
        return
    click.echo(f"\n{figures_table(summary)}\n\n{cases_line(summary)}\nreport: {report}")
