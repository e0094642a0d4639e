"""The links at the top of every page: what the capabilities offer."""

from dataclasses import dataclass

from django.apps import apps
from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Entry:
    """One link."""

    label: str | Promise
    view: str
    current: bool


def navigation(request: HttpRequest) -> dict[str, list[Entry]]:
    """Add `navigation`: the entries that AppConfigs declare, in the order of INSTALLED_APPS.

    An AppConfig declares them as `navigation = [(label, view name), ...]`. An entry is current on all pages of its
    view's namespace.
    """
    match = request.resolver_match
    shown = match.namespaces[0] if match and match.namespaces else ""
    return {
        "navigation": [
            Entry(label, view, view.partition(":")[0] == shown)
            for config in apps.get_app_configs()
            for label, view in getattr(config, "navigation", [])
        ]
    }
