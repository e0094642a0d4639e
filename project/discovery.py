"""Find the capabilities: a folder with an apps.py under capabilities/ is installed, there is no list to edit."""

import importlib.util
from pathlib import Path

from django.urls import URLPattern, URLResolver, include, path

CAPABILITIES = Path(__file__).resolve().parent.parent / "capabilities"


def capabilities() -> list[str]:
    """Return their Python names, sorted, those that others build on first: `capabilities.people`, ..."""
    names = sorted(found.parent.name for found in CAPABILITIES.glob("*/apps.py"))
    names.sort(key=lambda name: name != "people")
    return [f"capabilities.{name}" for name in names]


def has(name: str) -> bool:
    """Tell whether there is a capability of this name."""
    return f"capabilities.{name}" in capabilities()


def without_app() -> list[str]:
    """Return the folders that have Python files but no apps.py, sorted: somebody forgot it."""
    folders = {found.parent for found in CAPABILITIES.glob("*/*.py")}
    return sorted(folder.name for folder in folders if not (folder / "apps.py").exists())


def urls() -> list[URLPattern | URLResolver]:
    """Return an include of the urls.py of each capability that has one; it says itself where its pages are."""
    modules = [f"{name}.urls" for name in capabilities()]
    return [path("", include(module)) for module in modules if importlib.util.find_spec(module)]
