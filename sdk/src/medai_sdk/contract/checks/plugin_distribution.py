"""Checks of a plugin's distribution: its metadata, and what stands in its sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from medai import __version__
from medai._discovery.scan import CORE, PLUGINS, candidates, canonical
from medai._discovery.window import unmet
from medai.api import Spec
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.whole import PluginSubject
from medai_sdk.contract.watching.sources import private_imports, sources, unsafe_calls

_OTHERS = ("test", "tests", "doc", "docs", "src", "example", "examples", "tools", "scripts", "benchmarks", "build")
_BOUNDS = (">=", "~=", "==", ">", "===")


@check("plugin.entry-point-name", f"its one entry point in {PLUGINS} bears the distribution's name, without medai-")
def entry_point_name(subject: PluginSubject) -> None:
    own = [each for each in candidates() if each.distribution == subject.record.distribution]
    for each in own:
        if not each.rightful:
            raise Broken(
                f"the entry point is called {each.name!r}, the distribution {each.distribution}",
                f'write {each.wanted_name} = "{each.value}" under [project.entry-points."{PLUGINS}"], and install it again',
            )


@check("plugin.requires-medai", "its metadata require medai, from a version on that is not above the installed one")
def requires_medai(subject: PluginSubject) -> None:
    _must_not_be_core(subject)
    found = [each for each in _requirements(subject.distribution) if canonical(each.name) == CORE]
    mend = f'write "medai>={".".join(__version__.split(".")[:2])}" under dependencies in pyproject.toml, and install it again'
    if not found:
        raise Broken("medai is not among its requirements", mend)
    if not any(specifier.operator in _BOUNDS for each in found for specifier in each.specifier):
        raise Broken(f"{found[0]} names no version", mend)
    above = unmet([str(each) for each in found])
    if above:
        raise Broken(f"it needs {above}, this is medai {__version__}", mend)


@check("plugin.targets-are-its-own", "targets stand in its own packages, or in a library that its distribution requires")
def targets_are_its_own(subject: PluginSubject) -> None:
    subject.must_be_loaded()
    foreign = {entry.id: entry.spec.target for entry in subject.entries if isinstance(entry.spec, Spec)}
    foreign = {id: target for id, target in foreign.items() if _top(target) not in subject.packages}
    if not foreign:
        return
    owners = metadata.packages_distributions()
    required = {canonical(each.name) for each in _requirements(subject.distribution)}
    plugins = {each.distribution for each in candidates()}
    for id, target in foreign.items():
        owned_by = {canonical(name) for name in owners.get(_top(target), ())}
        if owned_by & plugins or _top(target) == CORE:
            raise Broken(f"{id} names {target}, of another plugin", "offer it under no name of yours: recipes name it by its own id")
        if not owned_by & required:
            raise Broken(f"{id} names {target}, and the distribution does not require what holds it", "require it")


@check("plugin.has-its-own-package", "it installs packages of its own names alone")
def has_its_own_package(subject: PluginSubject) -> None:
    _must_not_be_core(subject)
    for package in subject.packages:
        if package in (CORE, "medai_sdk", *_OTHERS):
            raise Broken(f"it installs into {package!r}", "give it one package, such as medai_acme, under src/")


@check("plugin.uses-public-names", "it imports no private name of medai")
def uses_public_names(subject: PluginSubject) -> None:
    _must_not_be_core(subject)
    found = [f"{file}, line {line}: {name}" for file, tree in sources(subject.roots) for line, name in private_imports(tree)]
    if found:
        raise Broken("; ".join(found), "private names change without notice: use medai.api, medai.tasks, medai.io")


@check("plugin.loads-safely", "it runs no code from files or texts: no pickle, torch.load, eval, exec, yaml.load, shell=True, extractall")
def loads_safely(subject: PluginSubject) -> None:
    found = [f"{file}, line {line}: {fault}" for file, tree in sources(subject.roots) for line, fault in unsafe_calls(tree)]
    if found:
        raise Broken("; ".join(found), "read safetensors, JSON or .npy, and give programs a list of words")


@check("plugin.distribution-name", "the distribution is called medai-NAME, so that those who look for plugins find it", level="advice")
def distribution_name(subject: PluginSubject) -> None:
    _must_not_be_core(subject)
    name = subject.record.distribution
    if not name.startswith(f"{CORE}-"):
        raise Broken(f"it is called {name}", f"call it {CORE}-{name}")


@check("plugin.is-typed", "its package holds py.typed, so that type checkers read its annotations", level="advice")
def is_typed(subject: PluginSubject) -> None:
    for root in subject.roots:
        if root.is_dir() and not (root / "py.typed").exists():
            raise Broken(f"{root.name} holds none", f"put an empty file py.typed into {root.name}")


@check("plugin.says-its-licence", "its metadata say its licence", level="advice")
def says_its_licence(subject: PluginSubject) -> None:
    headers = _headers(subject)
    classifiers = [each for each in headers("Classifier") if each.startswith("License")]
    if not any([*headers("License-Expression"), *headers("License"), *classifiers]):
        raise Broken("they do not", 'write license = "Apache-2.0", or yours, under [project] in pyproject.toml')


@check("plugin.has-keywords", "its metadata have a summary and the keyword medai, by which plugins are found", level="advice")
def has_keywords(subject: PluginSubject) -> None:
    _must_not_be_core(subject)
    headers = _headers(subject)
    words = {word.strip().lower() for line in headers("Keywords") for word in line.replace(",", " ").split()}
    if not any(headers("Summary")) or CORE not in words:
        raise Broken("they have not", 'write description = "..." and keywords = ["medai", ...] under [project] in pyproject.toml')


def _must_not_be_core(subject: PluginSubject) -> None:
    if subject.is_core:
        raise NotApplicable("it is medai itself")


def _headers(subject: PluginSubject) -> Callable[[str], list[str]]:
    message = subject.distribution.metadata
    return lambda name: [value for value in message.get_all(name) or [] if value and value != "UNKNOWN"]


def _requirements(distribution: metadata.Distribution) -> Iterator[Requirement]:
    for text in distribution.requires or ():
        try:
            yield Requirement(text)
        except InvalidRequirement as error:
            raise Broken(f"the requirement {text!r} cannot be read: {error}", "write it as in PEP 508") from error


def _top(target: str) -> str:
    return target.partition(":")[0].partition(".")[0]
