"""The API reference: a page for each package that offers something, from docstrings."""

import importlib
import inspect
import pkgutil
from types import ModuleType

import mia_helpers


def packages() -> list[str]:
    """Return the names of the package and of all packages in it that say what they are, from the top down."""
    inside = pkgutil.walk_packages(mia_helpers.__path__, "mia_helpers.")
    return ["mia_helpers", *(module.name for module in inside if module.ispkg)]


def offers(module: ModuleType) -> list[str]:
    """Return what a package offers of its own: `__all__`, or its public classes and functions."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__, key=str.lower)
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__.startswith(module.__name__)
    ]
    return sorted(own, key=str.lower)


def registries(module: ModuleType) -> dict[str, list[str]]:
    """Return the registries of a package, things by name, each with the names in it."""
    public = {name: value for name, value in vars(module).items() if name.isupper() and not name.startswith("_")}
    found = {name: value for name, value in public.items() if isinstance(value, dict)}
    return {name: list(value) for name, value in found.items() if all(isinstance(key, str) for key in value)}


def pages() -> dict[str, str]:
    """Return the reST source of each page by its document's name: the packages, and an index of them."""
    made, told, says = {}, {}, {}
    for name in packages():
        module = importlib.import_module(name)
        names, named = offers(module), registries(module)
        if names or named:
            made[f"reference/{name}"] = _page(module, names, named, told)
            says[name] = " ".join(inspect.getdoc(module).partition("\n\n")[0].split())
    listed = "\n".join(f"- :doc:`{name}`. {text}" for name, text in says.items())
    tree = ".. toctree::\n   :hidden:\n\n" + "\n".join(f"   {name}" for name in says)
    intro = "What the packages offer, from their docstrings. Start with :doc:`Experiment <mia_helpers>`."
    return {"reference/index": f"{_title('Reference')}{intro}\n\n{listed}\n\n{tree}\n"} | made


def _page(module: ModuleType, names: list[str], named: dict[str, list[str]], told: dict[object, str]) -> str:
    """Return one page; `told` has where each thing is described, and gets what this page describes."""
    parts = [_title(module.__name__), f".. automodule:: {module.__name__}\n"]
    for name, keys in named.items():
        parts.append(f"``{name}``: {', '.join(f'``{key}``' for key in keys)}.\n")
    if names:
        parts.append(".. autosummary::\n\n" + "\n".join(f"   {name}" for name in names) + "\n")
    for name in names:
        value = getattr(module, name)
        where = told.setdefault(value, f"{module.__name__}.{name}")
        new = where == f"{module.__name__}.{name}"
        parts.append(_entry(name, value) if new else f"`{name}` is `{where}`.\n")
    return "\n".join(parts)


def _entry(name: str, value: object) -> str:
    heading = f"{name}\n{'-' * len(name)}\n"
    if isinstance(value, type) and issubclass(value, Exception):
        return f"{heading}\n.. autoexception:: {name}\n"
    members = "   :members:\n" if inspect.isclass(value) else ""
    return f"{heading}\n.. auto{'class' if inspect.isclass(value) else 'function'}:: {name}\n{members}"


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n\n"
