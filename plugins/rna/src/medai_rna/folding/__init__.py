"""One dynamic programme over the loops of a nested structure, whose scores come from outside.

A structure's score is the sum of the scores of its loops: hairpins, stacks, bulges, interior loops of up to 30 unpaired bases, multiloops
and the exterior loop. Scores are natural logarithms of weights, and higher is better: an energy E is the score -E / kT. They come from
tables (`Scores`: energies, or weights of features, which are broadcast into them) and from arrays over the positions of one sequence
(`Positions`: networks, probing data), which are added.
"""
