"""Every notifier of products has its words, in every language of the installation."""

from typing import Any

import pytest
from django.conf import settings
from django.utils import translation

from engagement.registry import Notifier, notifiers
from engagement.render import Renderer, Text

OURS = [each for each in notifiers if each.name.startswith("product_management.")]


@pytest.mark.django_db
@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
@pytest.mark.parametrize("notifier", OURS, ids=lambda notifier: notifier.name)
def test_its_example_can_be_told(notifier: Notifier[Any], language: str) -> None:
    renderer = Renderer(notifier.wording_slug(), "app", language, Text("", "", is_fallback=True))
    with translation.override(language):
        found = renderer.render(notifier.example.model_dump() | {"person": "Bob", "reason": "x", "site": "x"})
    assert "Kite" in found.title
    assert not found.is_fallback
    assert ("Ihr" in found.title or "hat Kite" in found.title) == (language == "de")
