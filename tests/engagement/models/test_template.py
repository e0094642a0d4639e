"""Wordings that staff write: checked when they are saved."""

import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from engagement.models import AppNotificationTemplate, EmailNotificationTemplate, NotificationTemplate

pytestmark = pytest.mark.django_db


def save(
    title: str = "{{ name }}", message: str = "", event_type: str = "product.created"
) -> NotificationTemplate:
    return AppNotificationTemplate.objects.create(
        event_type=event_type, title_template=title, message_template=message
    )


def save_mail(**fields: Any) -> EmailNotificationTemplate:
    """Save by the names of requirements A.7, which are no columns."""
    return EmailNotificationTemplate.objects.create(event_type="product.created", **fields)


def test_what_the_event_type_permits_can_be_saved() -> None:
    made = save("{{ person_name }} made {{ name }}", "{{ person }} {{ reason }} {{ url }} {{ site }}")
    assert (made.channel, made.language, made.is_active) == ("app", "en", True)
    assert str(made) == "product.created [en.app]"


def test_the_language_is_the_installations_unless_given(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    assert save().language == "de"


WRONG = [
    ("{{ colour }}", "", "there is no parameter colour"),
    ("{{ name }}", "{{ product_id }}{{ secret }}", "there is no parameter secret"),
    ("{{ name.upper }}", "", "parameters have no parts"),
    ("{% for x in name %}{% endfor %}", "", "Invalid block tag"),
    ("{% if name %}", "", "Unclosed tag"),
    ("{{ name|safe }}", "", "Invalid filter"),
    ("", "x", "cannot be blank"),
    ("x" * 401, "", "at most 400 characters"),
]


@pytest.mark.parametrize(("title", "message", "error"), WRONG)
def test_what_is_wrong_is_not_saved(title: str, message: str, error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        save(title, message)
    assert not NotificationTemplate.objects.exists()


@pytest.mark.parametrize(("title", "message", "error"), WRONG)
def test_what_is_wrong_is_not_saved_over_what_was_right(title: str, message: str, error: str) -> None:
    made = save()
    made.title_template, made.message_template = title, message
    with pytest.raises(ValidationError, match=error):
        made.save()
    assert NotificationTemplate.objects.get().title_template == "{{ name }}"


def test_a_message_that_is_too_long_is_not_saved() -> None:
    with pytest.raises(ValidationError, match="at most 4000 characters"):
        save(message="x" * 4_001)


def test_a_nul_is_not_saved() -> None:
    with pytest.raises(ValidationError):
        save(message="a\0b")


def test_an_absurdly_long_text_is_refused_in_a_moment() -> None:
    started = time.monotonic()
    with pytest.raises(ValidationError):
        save(title="{{" * 12_000)
    assert time.monotonic() - started < 1


def test_a_slug_that_nobody_uses_is_not_saved() -> None:
    with pytest.raises(ValidationError, match="No notifier or event type is called"):
        save(event_type="product.sold")


def test_a_channel_that_there_is_not_is_not_saved() -> None:
    with pytest.raises(ValidationError, match="not a valid choice"):
        NotificationTemplate.objects.create(
            event_type="product.created", title_template="x", channel="carrier pigeon"
        )


def test_there_is_one_for_each_slug_channel_and_language() -> None:
    save()
    with pytest.raises(ValidationError, match="already exists"):
        save()
    save_mail(title="x", template="y")
    assert NotificationTemplate.objects.count() == 2


def test_the_permitted_parameters_are_those_of_the_payload_and_a_few_more() -> None:
    assert save().permitted_params == sorted(
        [
            *("product_id", "name", "url", "person_id", "person_name", "organisation_id"),
            *("person", "reason", "site"),
        ]
    )


def test_a_notifiers_own_slug_permits_what_its_event_type_does() -> None:
    made = save("{{ person_name }}", event_type="product.created.creator")
    assert "organisation_id" in made.permitted_params


def test_a_mail_has_a_title_and_a_template() -> None:
    made = save_mail(title="New: {{ name }}", template="See {{ url }}")
    found = EmailNotificationTemplate.objects.get(pk=made.pk)
    assert (found.channel, found.title, found.template) == ("email", "New: {{ name }}", "See {{ url }}")
    assert (found.title_template, found.message_template) == ("New: {{ name }}", "See {{ url }}")
    found.title, found.template = "Edited", "{{ name }}"
    found.save()
    assert EmailNotificationTemplate.objects.get().title == "Edited"


def test_a_mail_is_checked_too() -> None:
    with pytest.raises(ValidationError, match="there is no parameter colour"):
        save_mail(title="x", template="{{ colour }}")


def test_each_kind_finds_only_its_own() -> None:
    app = save()
    mail = save_mail(title="x", template="")
    assert [each.pk for each in AppNotificationTemplate.objects.all()] == [app.pk]
    assert [each.pk for each in EmailNotificationTemplate.objects.all()] == [mail.pk]
    assert NotificationTemplate.objects.count() == 2
