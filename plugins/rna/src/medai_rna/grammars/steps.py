"""Rules cut into steps of which each makes bases around at most one nonterminal, or stands for two nonterminals side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from medai.errors import DataError
from medai_rna.folding.scores import LONGEST
from medai_rna.grammars.notation import Item, Letter, Production, Run, Symbol

_MOST_BASES = 6


@dataclass(frozen=True)
class Emission:
    """Bases that one table gives a probability to, in the order of the sequence.

    Attributes:
        before: bases seen before the span.
        left: bases made at its left end.
        right: bases made at its right end.
        after: bases seen behind it.
        pairs: (t, u): the base t of `left` pairs with the base u of `right`, both counted from 0 outside inwards.
        seen_pair: whether the bases next to the span pair with each other.
    """

    before: int = 0
    left: int = 0
    right: int = 0
    after: int = 0
    pairs: tuple[tuple[int, int], ...] = ()
    seen_pair: bool = False

    @property
    def bases(self) -> int:
        return self.before + self.left + self.right + self.after


@dataclass(frozen=True)
class Step:
    """A rule as the compiled programme runs it.

    Attributes:
        name: the nonterminal on its left.
        inner: the nonterminals that it makes: none, one or two.
        emission: the bases that it makes; of two nonterminals, none.
        runs: numbers of unpaired bases, least and most, to the left and to the right of the inner nonterminal; one alone where there is
            none.
        table: the name of the emission's table; empty if it makes no bases.
        lengths: the name of the distribution over numbers of unpaired bases; empty if there is none.
        rule: index of the production whose probability it has; -1 for a piece of one that is certain.
        origin: the production that it comes from.
    """

    name: str
    inner: tuple[Symbol, ...]
    emission: Emission
    runs: tuple[Run, ...]
    table: str
    lengths: str
    rule: int
    origin: Production


def steps_of(productions: Sequence[Production]) -> list[Step]:
    """The steps of all rules.

    Raises:
        DataError: a rule cannot be run; names its line and column.
    """
    known = {production.name for production in productions}
    found: list[Step] = []
    for index, production in enumerate(productions):
        for item in production.items:
            if isinstance(item, Symbol) and item.name not in known:
                raise production.fault(f"{item.name} has no rules")
        found += _cut(production, index)
    _distinct(found)
    return found


def nullable(steps: Sequence[Step]) -> set[str]:
    """The nonterminals that may make nothing."""
    empty: set[str] = set()
    while True:
        more = {step.name for step in steps if step.name not in empty and _makes_nothing(step, empty)}
        if not more:
            return empty
        empty |= more


def order_of(steps: Sequence[Step]) -> list[str]:
    """The nonterminals, those first that others need on the same span.

    Raises:
        DataError: a nonterminal can make itself and nothing else, so that a derivation may go on for ever.
    """
    empty = nullable(steps)
    needs: dict[str, set[str]] = {step.name: set() for step in steps}
    for step in steps:
        needs[step.name] |= set(_on_same_span(step, empty))
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = error.args[1]
        step = next(step for step in steps if step.name in circle and set(_on_same_span(step, empty)) & set(circle))
        raise step.origin.fault(
            f"{step.origin.name} can make itself and nothing else ({' -> '.join(reversed(circle))}): write S+ for a nonterminal S that "
            "must make a base here"
        ) from None


def _on_same_span(step: Step, empty: set[str]) -> list[str]:
    if step.emission.left or step.emission.right:
        return []
    if len(step.inner) == 1:
        return [] if any(run.low for run in step.runs) else [step.inner[0].name]
    if not step.inner:
        return []
    first, second = step.inner
    found = [first.name] if second.name in empty and not second.solid else []
    return found + ([second.name] if first.name in empty and not first.solid else [])


def _makes_nothing(step: Step, empty: set[str]) -> bool:
    if step.emission.left or step.emission.right or any(run.low for run in step.runs):
        return False
    return all(symbol.name in empty and not symbol.solid for symbol in step.inner)


def _cut(production: Production, index: int) -> list[Step]:
    """The steps of one rule: pieces get names that no grammar can write."""
    found: list[Step] = []

    def piece(name: str, items: Sequence[Item], rule: int) -> None:
        whole = rule >= 0
        before, after = (production.before, production.after) if whole else ((), ())
        symbols = [item for item in items if isinstance(item, Symbol)]
        if len(symbols) < 2:
            found.append(_simple(production, name, items, before, after, rule))
            return
        partner = _partners(production, items)
        hidden = f"{production.name}.{index}.{len(found)}"
        if isinstance(items[0], Letter) and isinstance(items[-1], Letter) and partner[0] == len(items) - 1:
            ends: tuple[Item, ...] = (items[0], Symbol(hidden), items[-1])
            inside = items[1:-1]
        elif isinstance(items[0], Letter) and partner[0] < 0:
            ends, inside = (items[0], Symbol(hidden)), items[1:]
        elif isinstance(items[-1], Letter) and partner[-1] < 0:
            ends, inside = (Symbol(hidden), items[-1]), items[:-1]
        elif any(isinstance(item, Run) for item in (items[0], items[-1])):
            raise production.fault("unpaired bases in {} cannot stand beside several nonterminals")
        else:
            _split(production, name, items, partner, rule, before or after)
            return
        found.append(_simple(production, name, ends, before, after, rule))
        piece(hidden, inside, -1)

    def _split(production: Production, name: str, items: Sequence[Item], partner: list[int], rule: int, context: object) -> None:
        if context:
            raise production.fault("bases in [] can be seen by a rule that makes bases at the ends of its span")
        cut = (partner[0] if isinstance(items[0], Letter) else 0) + 1
        place = len(found)
        found.append(Step(name, (), Emission(), (), "", "", rule, production))  # its place is kept
        inner = []
        for number, part in enumerate((items[:cut], items[cut:])):
            if len(part) == 1 and isinstance(part[0], Symbol):
                inner.append(part[0])
            else:
                hidden = f"{production.name}.{index}.{place}.{number}"
                inner.append(Symbol(hidden))
                piece(hidden, part, -1)
        found[place] = Step(name, tuple(inner), Emission(), (), "", "", rule, production)

    piece(production.name, production.items, index)
    return found


def _partners(production: Production, items: Sequence[Item]) -> list[int]:
    """For each item the index of the base that it pairs with, or -1."""
    partner, waiting = [-1] * len(items), list[int]()
    primed = {item.name for item in items if isinstance(item, Letter) and item.primed}
    for place, item in enumerate(items):
        if not isinstance(item, Letter) or item.name not in primed:
            continue
        if not item.primed:
            waiting.append(place)
        elif waiting and items[waiting[-1]].name == item.name:  # type: ignore[union-attr]
            partner[place] = waiting.pop()
            partner[partner[place]] = place
        else:
            raise production.fault(f"{item.name}' has no {item.name} before it, or their pair crosses another")
    if waiting:
        raise production.fault(f"{items[waiting[0]].name} stands twice before its {items[waiting[0]].name}'")  # type: ignore[union-attr]
    return partner


def _simple(
    production: Production, name: str, items: Sequence[Item], before: tuple[Letter, ...], after: tuple[Letter, ...], rule: int
) -> Step:
    """A step with at most one nonterminal: bases, unpaired bases in {}, the nonterminal, and the same on its right."""
    places = [place for place, item in enumerate(items) if not isinstance(item, Letter)]
    first, last = (places[0], places[-1]) if places else (len(items), len(items) - 1)
    middle = items[first : last + 1]
    if any(isinstance(item, Letter) for item in middle):
        raise production.fault("bases stand at the ends of what a rule makes, outside of {} and of its nonterminal")
    runs = tuple(item for item in middle if isinstance(item, Run))
    inner = tuple(item for item in middle if isinstance(item, Symbol))
    if len(runs) > len(inner) + 1 or (inner and len(middle) > 3) or (len(middle) == 3 and not isinstance(middle[1], Symbol)):
        raise production.fault("there is one {} on each side of a nonterminal, or one alone")
    if any(run.high > LONGEST for run in runs):
        raise production.fault(f"a {{}} holds {LONGEST} bases at most")
    if runs and inner and len(runs) == 1:
        none = Run(0, 0)
        runs = (runs[0], none) if isinstance(middle[0], Run) else (none, runs[0])
    # Without a nonterminal all bases are made from the left, except those behind unpaired ones, and pairs.
    if not places and not _paired(production, items):
        first, last = len(items), len(items) - 1
    elif not places:
        first, last = len(items) // 2, len(items) // 2 - 1
    emission = _emission(production, items[:first], items[last + 1 :], before, after)
    return Step(name, inner, emission, runs, _table(production, emission, rule), _lengths(production, runs, rule), rule, production)


def _paired(production: Production, items: Sequence[Item]) -> bool:
    return any(place >= 0 for place in _partners(production, items))


def _emission(
    production: Production, left: Sequence[Item], right: Sequence[Item], before: tuple[Letter, ...], after: tuple[Letter, ...]
) -> Emission:
    partner = _partners(production, [*left, *right])
    size = len(left) + len(right)
    pairs = []
    for place, other in enumerate(partner):
        if other > place:
            if place >= len(left) or other < len(left):
                raise production.fault("a pair stands around what a rule makes: its bases at both ends")
            pairs.append((place, size - 1 - other))
    seen = bool(before and after and after[0].primed and after[0].name == before[-1].name)
    emission = Emission(len(before), len(left), len(right), len(after), tuple(pairs), seen)
    if (before or after) and not size:
        raise production.fault("bases in [] can be seen by a rule that makes bases")
    if emission.bases > _MOST_BASES:
        raise production.fault(f"a table is of {_MOST_BASES} bases at most, made and seen")
    return emission


def _table(production: Production, emission: Emission, rule: int) -> str:
    if not emission.left and not emission.right:
        return ""
    if production.table and rule >= 0:
        return production.table
    if (emission.left + emission.right, emission.before, emission.after) == (1, 0, 0):
        return "single"  # an unpaired base is the same on either side
    if emission == Emission(left=1, right=1, pairs=((0, 0),)):
        return "pair"
    made = "".join("p" if any(t == u[0] for u in emission.pairs) else "b" for t in range(emission.left))
    other = "".join("p" if any(t == u[1] for u in emission.pairs) else "b" for t in range(emission.right))
    return f"{'c' * emission.before}-{made}-{other}-{'c' * emission.after}{'*' if emission.seen_pair else ''}"


def _lengths(production: Production, runs: tuple[Run, ...], rule: int) -> str:
    if not any(run.high > run.low for run in runs):
        return ""
    named = next((run.lengths for run in runs if run.lengths), "")
    return named or f"{production.name}.{rule}"


def _distinct(steps: Sequence[Step]) -> None:
    """Tables and distributions of one name are of one shape."""
    for kind, key, shape in (
        ("table", lambda step: step.table, lambda step: _shape(step.emission)),
        ("distribution over lengths", lambda step: step.lengths, lambda step: tuple((run.low, run.high) for run in step.runs)),
    ):
        shapes: dict[str, tuple[object, ...]] = {}
        for step in steps:
            if key(step) and shapes.setdefault(key(step), shape(step)) != shape(step):
                raise step.origin.fault(f"the {kind} {key(step)!r} is of another shape in a rule before")


def _shape(emission: Emission) -> tuple[object, ...]:
    made = emission.left + emission.right
    if not emission.before and not emission.after and not emission.pairs:
        return (made,)
    return (emission.before, emission.left, emission.right, emission.after)


__all__ = ["DataError", "Emission", "Step", "nullable", "order_of", "steps_of"]
