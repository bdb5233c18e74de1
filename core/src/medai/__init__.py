"""medai: a plugin-based framework for medical-AI methods.

Importing this package loads no numerical library; `medai.api` is what a plugin declares itself with,
`medai.tasks` and `medai.io` are what its components work with.
"""

__version__ = "0.1.0"
