"""Whether a plugin uses what goes."""

from __future__ import annotations

from medai._discovery import registry
from medai_sdk.contract.check import Broken, check
from medai_sdk.contract.subjects.whole import PluginSubject
from medai_sdk.contract.watching.sources import deprecated_uses, sources


@check("plugin.uses-nothing-deprecated", "it uses nothing that goes from medai, and ids by the names that they have", level="advice")
def uses_nothing_deprecated(subject: PluginSubject) -> None:
    ids = registry().former_ids
    found = [f"{file}, line {line}: {words}" for file, tree in sources(subject.roots) for line, words in deprecated_uses(tree, ids)]
    if found:
        raise Broken("; ".join(found), "use what is named in its place: it works already")
