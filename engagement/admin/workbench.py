"""What is shown around the form of a wording: what it may use, what the file says, what it would say."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from engagement.admin.wording_form import Key, WordingForm
from engagement.models import NotificationTemplate
from engagement.parameters import Parameter, parameters_of
from engagement.preview import LATEST, Preview
from engagement.wording import Wording, in_file


@dataclass(frozen=True, slots=True)
class Workbench:
    """All of it, for the templates."""

    #: Where the texts are previewed.
    preview_url: str
    key: Key | None = None
    parameters: list[Parameter] = field(default_factory=list)
    #: The file's text, and the name of the language that it is in if that is another.
    default: Wording | None = None
    default_language: str = ""
    preview: Preview | None = None
    #: While one is added: the wording that there is already.
    existing: NotificationTemplate | None = None
    #: Whether it has a history.
    changed_before: bool = False
    saved: bool = False
    #: How many events are looked at.
    latest: int = LATEST

    @property
    def query(self) -> str:
        """Return what is chosen, as an address has it."""
        return urlencode(self.key._asdict()) if self.key else ""

    @property
    def summary(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        rows = self.preview.rows if self.preview else []
        return {
            "tried": sum(not row.unreadable for row in rows),
            "failing": sum(bool(row.failure) for row in rows),
            "skipped": sum(bool(row.unreadable) for row in rows),
        }


def workbench(
    form: WordingForm, row: NotificationTemplate | None, preview_url: str, *, may_preview: bool
) -> Workbench:
    """Return what belongs to what has been chosen in the form, or to the saved row."""
    key = Key(row.event_type, row.channel, row.language) if row else form.key()
    if key is None:
        return Workbench(preview_url)
    language, default = in_file(*key) or ("", None)
    return Workbench(
        preview_url,
        key,
        parameters_of(key.event_type),
        default,
        "" if language == key.language else _language_name(language),
        _preview(form) if may_preview else None,
        None if row else NotificationTemplate.objects.filter(**key._asdict()).first(),
        NotificationTemplate.history.filter(**key._asdict()).exists(),
        saved=row is not None,
    )


def _preview(form: WordingForm) -> Preview | None:
    return form.preview if form.is_bound else form.tried_initially()


def _language_name(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))


def texts_of_the_file(chosen: dict[str, Any]) -> dict[str, str]:
    """Return the file's text as a start, for what an address says is chosen; nothing if there is none."""
    found = in_file(*(str(chosen.get(name, "")) for name in Key._fields))
    return {"title_template": found[1].title, "message_template": found[1].message.strip()} if found else {}
