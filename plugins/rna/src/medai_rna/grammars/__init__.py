"""Stochastic context-free grammars of RNA structures: grammars as data, and one compiled programme that reads them.

A grammar is a text (`notation`). It becomes arrays and a layout of its parameters in one vector (`grammar`), by which sequences are
parsed (`parsing`): the sum over all derivations, the best one, how often each parameter is used on average, and the probabilities of
pairs; over all structures of a sequence, or over those derivations alone that make a known structure. `library` holds the published
grammars, `learning` how their parameters are estimated.
"""
