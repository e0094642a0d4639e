"""The form of a wording: tried on the example and on what happened before it is saved."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from engagement.models import NotificationTemplate
from engagement.preview import Preview, preview
from engagement.registry import slug_choices
from engagement.wording import Wording, in_file, template_name


class Key(NamedTuple):
    """What a wording is for; there is one of each."""

    event_type: str
    channel: str
    language: str


def wording_slugs() -> list[tuple[str, str]]:
    """Return every slug there is, below an empty choice."""
    return [("", "---------"), *slug_choices()]


def wording_languages() -> list[tuple[str, Any]]:
    """Return the languages of the installation; some have a LANGUAGE_CODE that is none of their LANGUAGES."""
    return list({settings.LANGUAGE_CODE: settings.LANGUAGE_CODE, **dict(settings.LANGUAGES)}.items())


class WordingForm(forms.ModelForm):
    """Refuses what would fail or lose a parameter, unless the author wants it all the same."""

    save_all_the_same = forms.BooleanField(label=_("Save all the same"), required=False)

    #: The name of the author, who reads the preview.
    reader = ""
    #: Whether the author has only asked what the texts would say.
    only_preview = False

    class Meta:
        model = NotificationTemplate
        fields = (*Key._fields, "title_template", "message_template", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.saved = self.instance.wording() if self.instance.pk else None
        self.preview: Preview | None = None
        if self.saved:
            self._keep_key()

    def _keep_key(self) -> None:
        """Let a saved wording be for what it was written for, even if that is no choice any more."""
        for name in Key._fields:
            field, value = self.fields.get(name), getattr(self.instance, name)
            if isinstance(field, forms.ChoiceField):
                field.disabled = True
                if not field.valid_value(value):
                    field.choices = [*cast("Iterable[Any]", field.choices), (value, value)]

    def clean(self) -> dict[str, Any]:
        """Try the texts, and say what speaks against saving them."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.preview = self.tried(cleaned)
        settled = self.only_preview or cleaned.get("save_all_the_same")
        if self.preview and self.preview.questionable and not settled:
            self.add_error(None, doubts(self.preview))
        return cleaned

    def is_valid(self) -> bool:
        """Tell whether it is to be saved."""
        return super().is_valid() and not self.only_preview

    def key(self) -> Key | None:
        """Return what has been chosen, if it is all there: in the form sent, else in the one to be filled in."""
        chosen = self.cleaned_data if self.is_bound else self._initial()
        values = [chosen.get(name) or "" for name in Key._fields]
        return Key(*values) if all(values) else None

    def _initial(self) -> dict[str, Any]:
        """Return what the fields begin with; not what is no choice, which an address may hold."""
        found = {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()}
        return {name: value for name, value in found.items() if self._may_be(name, value)}

    def _may_be(self, name: str, value: Any) -> bool:
        field = self.fields[name]
        return not isinstance(field, forms.ChoiceField) or field.valid_value(value)

    def tried_initially(self) -> Preview | None:
        """Return what the texts say with which the form begins."""
        return self.tried(self._initial())

    def tried(self, values: dict[str, Any]) -> Preview | None:
        """Return what these texts would say; None while something is missing."""
        key, title = self.key(), values.get("title_template")
        if key is None or not title or "message_template" not in values:
            return None
        new = Wording(title, values["message_template"] or "", template_name(*key))
        former, channel = self.former(key), key.channel
        return preview(key.event_type, key.language, new, former, person=self.reader, channel=channel)

    def former(self, key: Key) -> Wording | None:
        """Return what people read so far: the saved wording, else the file's."""
        found = in_file(*key)
        return self.saved or (found[1] if found else None)


def doubts(found: Preview) -> list[str]:
    """Return what speaks against saving a text, and what to do about it."""
    said = [
        gettext("People would get the fallback: %(why)s (%(rows)s).")
        % {"why": why, "rows": ", ".join(str(row) for row in rows)}
        for why, rows in found.failures.items()
    ]
    if found.lost:
        said.append(gettext("No longer used, as it was before: %s.") % ", ".join(found.lost))
    return [*said, gettext("Nothing was saved. Change the text, or tick “Save all the same” below.")]
