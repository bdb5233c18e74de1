"""Losses that are sound, but do something else beside."""

from medai.api import LossSpec, hookimpl

WAYS = {
    "connects": "reaches for the network",
    "writes-here": "writes into the current folder",
    "writes-home": "writes into the user's folder",
    "saves-in-c": "writes into the user's folder, unseen by Python",
    "keeps-a-table": "writes a table beside the temporary folder",
    "reads-a-table": "writes tables where it may",
    "lets-a-program-write": "starts a program that writes into the current folder",
    "lets-a-process-run": "starts a process that nobody watches",
    "sets-dtype": "sets torch's default dtype",
    "sets-threads": "sets torch's number of threads",
    "sets-variable": "sets a variable of the environment",
    "moves": "changes the current folder",
    "silences": "filters warnings",
    "sets-print-options": "sets how torch prints",
    "sets-numpys-print-options": "sets how numpy prints",
    "sets-log-level": "sets the level of the root logger",
    "sets-timeout": "sets the default timeout of sockets",
    "handles-a-signal": "handles a signal",
    "sets-and-sets-back": "sets print options, a level and a signal, and sets them back",
    "has-a-logger": "sets the level of a logger of its own",
    "seeds": "seeds numpy for the whole process",
    "seeds-inside": "seeds torch where the seed is set back",
    "starts": "starts a program",
    "prints": "prints",
    "exits": "exits when it is built",
    "hangs": "never comes to an end",
    "crashes": "crashes",
    "forks": "comes back twice",
    "sound": "does nothing else",
}


def _spec(name: str, place: str = "losses", **rest: object) -> LossSpec:
    target = f"medai_broken_ways.{place}:{''.join(map(str.capitalize, name.split('-')))}"
    return LossSpec(
        name=name, target=target, summary=f"Mean squared error that {WAYS.get(name, 'is at fault')}.", task="restoration", **rest
    )


@hookimpl
def medai_losses():
    return [
        *(_spec(name) for name in WAYS),
        _spec("seeds-at-import", "seeding"),
        _spec("exits-at-import", "exiting"),
        _spec("misspelt"),
        LossSpec(
            name="declared",
            target="medai_broken_ways.losses:WritesHere",
            summary="Mean squared error that writes, and says so.",
            task="restoration",
            known_failures={"component.writes-inside": "it keeps a log", "component.no-network": "it may ask", "component.nothing": "-"},
        ),
        LossSpec(
            name="declared-away",
            target="medai_broken_ways.losses:NotThere",
            summary="Nothing, which is said to be known.",
            task="restoration",
            implements=("row-that-nothing-answers",),
            known_failures={"component.target-resolves": "it is not there"},
        ),
        LossSpec(
            name="without-a-reason",
            target="medai_broken_ways.losses:WritesHere",
            summary="Mean squared error that writes, and does not say why.",
            task="restoration",
            known_failures={"component.writes-inside": "."},
        ),
    ]
