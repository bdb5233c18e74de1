"""`medai plugin new`: a complete small distribution for an author to begin with, and what a newer template would change in it."""

from medai_sdk.scaffold.changes import Change, Comparison, compare
from medai_sdk.scaffold.render import API, LICENSES, Choices, rendered, templated_tasks
from medai_sdk.scaffold.write import new_plugin

__all__ = ["API", "LICENSES", "Change", "Choices", "Comparison", "compare", "new_plugin", "rendered", "templated_tasks"]
