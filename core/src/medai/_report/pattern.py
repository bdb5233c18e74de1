"""The templates of the pages."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(name: str, **filters: Callable[..., str]) -> Template:
    """A template of this package, which escapes all that is put into it; `filters` are what it may call by name."""
    environment = Environment(loader=PackageLoader("medai._report", "templates"), autoescape=True, undefined=StrictUndefined)
    environment.filters |= filters
    return environment.get_template(name)
