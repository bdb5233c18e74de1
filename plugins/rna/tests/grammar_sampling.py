"""Sequences that a grammar makes."""

from __future__ import annotations

import numpy as np

from medai_rna.grammars.grammar import BASES, Grammar
from medai_rna.grammars.notation import Letter, Symbol


def sampled(grammar: Grammar, parameters: np.ndarray, rng: np.random.Generator, longest: int = 60) -> str:
    """A sequence by a grammar of plain bases and pairs; none of more than so many bases, and six at least."""
    rules: dict[str, list[int]] = {}
    for index, production in enumerate(grammar.productions):
        rules.setdefault(production.name, []).append(index)
    single, pair = (grammar.tables[name] for name in ("single", "pair"))
    while True:
        todo: list[Symbol | str] = [Symbol(grammar.productions[0].name)]
        made = ""
        while todo and len(made) <= longest and len(todo) < 200:
            item = todo.pop(0)
            if isinstance(item, str):
                made += item
                continue
            chosen = int(rng.choice(rules[item.name], p=parameters[rules[item.name]]))
            items = grammar.productions[chosen].items
            primed = {each.name for each in items if isinstance(each, Letter) and each.primed}
            letters: dict[str, str] = {}
            if primed:
                place = int(rng.choice(16, p=parameters[pair.start : pair.start + 16]))
                letters = dict.fromkeys(primed, BASES[place // 4]) | {f"{name}'": BASES[place % 4] for name in primed}
            new: list[Symbol | str] = []
            for each in items:
                if isinstance(each, Symbol):
                    new.append(each)
                elif isinstance(each, Letter):
                    free = BASES[int(rng.choice(4, p=parameters[single.start : single.start + 4]))]
                    new.append(letters.get(each.name + "'" * each.primed, free))
            todo = new + todo
        if 6 <= len(made) <= longest and not todo:
            return made
