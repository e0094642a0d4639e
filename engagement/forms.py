"""What people send of their choices, from the page of their preferences."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagement.channels import channels
from engagement.choices import NOTHING, Scope
from engagement.decide import Choice, Digest, Preset
from engagement.meant import Meant
from engagement.preferences import Line, Section

AS_USUAL = ("", gettext_lazy("As usual"))
#: Of a further channel.
WISHES = [AS_USUAL, ("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]
SAID = {"yes": True, "no": False}
#: In the form, but no choice.
NO_CHOICE = {"csrfmiddlewaretoken", "category", "shown"}


class Radios(forms.RadioSelect):
    """Radio buttons of which some cannot be chosen."""

    def __init__(self, disabled: set[str]) -> None:
        super().__init__()
        self._disabled = disabled

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Disable it if it would switch off what is mandatory."""
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["disabled"] = str(value) in self._disabled
        return option


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the preferences, with its fields."""

    line: Line
    preset: forms.BoundField
    further: list[forms.BoundField]
    #: Whether mails are collected; None where this cannot be chosen.
    mails: forms.BoundField | None
    #: What this choice, and others, would have meant; None if there was nothing of this.
    meant: Meant | None


class SectionForm(forms.Form):
    """The choices for one category and its event types. What is not sent, or as it was shown, stays as it is."""

    def __init__(self, section: Section, data: Mapping[str, str] | None = None) -> None:
        stored = {name: value for line in section.lines for name, value in _stored(line).items()}
        super().__init__(None if data is None else stored | dict(data.items()), initial=stored)
        self.section = section
        #: By anchor; for who shows the form to fill in.
        self.meant: Mapping[str, Meant] = {}
        self._sent = data or {}
        before = read_shown(self._sent.get("shown", ""))
        self._touched = {name for name, value in self._sent.items() if before.get(name) != value}
        #: In the page, so that one that was open for a while does not undo what was chosen since; need not be trusted.
        self.shown = json.dumps({name: before.get(name, value) for name, value in stored.items()})
        for line in section.lines:
            self.fields |= _fields(line)

    def rows(self) -> list[Row]:
        """Return the lines with their fields, the category's first."""
        return [self._row(line) for line in self.section.lines]

    def _row(self, line: Line) -> Row:
        further = [self[_name(line, channel)] for channel in line.further]
        mails = self[_mails(line)] if line.digest_otherwise else None
        return Row(line, self[line.scope.anchor], further, mails, self.meant.get(line.scope.anchor))

    @property
    def finer(self) -> int:
        """How many event types there is a choice for."""
        return sum(line.chosen != NOTHING for line in self.section.types)

    @property
    def event_types(self) -> list[str]:
        """The names of the event types."""
        return [line.scope.event_type for line in self.section.types]

    @property
    def types_have_errors(self) -> bool:
        """Whether one of the choices for an event type is wrong."""
        return any(name.startswith("type-") for name in self.errors)

    def clean(self) -> None:
        """Refuse what there is not, and what would switch off a mandatory channel."""
        unknown = sorted(self._sent.keys() - self.fields.keys() - NO_CHOICE)
        if unknown:
            self.add_error(None, _("There is nothing to choose for %s.") % unknown[0][:100])
        for line in self.section.lines:
            try:
                line.check(self._choice(line))
            except ValidationError as error:
                self.add_error(line.scope.anchor, error)

    def changes(self) -> dict[Scope, Choice]:
        """Return the choices that are others than before."""
        found = ((line, self._choice(line)) for line in self.section.lines)
        return {line.scope: choice for line, choice in found if choice != line.chosen}

    def digests(self) -> dict[Scope, Digest | None]:
        """Return whether mails are to be collected, if that is another choice than before."""
        line = self.section.line
        name = _mails(line)
        if name not in self.fields:
            return {}
        digest = Digest(said) if (said := self._said(name)) else None
        return {} if digest == line.digest else {line.scope: digest}

    def _choice(self, line: Line) -> Choice:
        """Return what was chosen; a field that is wrong says nothing."""
        preset = self._said(line.scope.anchor)
        said = [(channel, self._said(_name(line, channel))) for channel in line.further]
        wishes = ((channel, SAID[wish]) for channel, wish in said if wish)
        return Choice(Preset(preset) if preset else None, tuple(sorted(wishes)))

    def _said(self, name: str) -> str | None:
        """Return what a field says; of one that was not touched, what is stored by now."""
        return self.cleaned_data.get(name) if name in self._touched else self.initial[name]


def read_shown(shown: str) -> dict[str, Any]:
    """Return what a page had shown, by field; nothing for what no page of ours has sent."""
    try:
        found = json.loads(shown)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(line: Line, channel: str) -> str:
    return f"{line.scope.anchor}:{channel}"


def _mails(line: Line) -> str:
    return f"mails-{line.scope.anchor}"


def _stored(line: Line) -> dict[str, str]:
    """Return what the fields of a line say as it is."""
    said = {channel: line.chosen.says(channel) for channel in line.further}
    words = {None: "", True: "yes", False: "no"}
    mails = {_mails(line): line.digest or ""} if line.digest_otherwise else {}
    return {line.scope.anchor: line.chosen.preset or "", **mails} | {
        _name(line, channel): words[wish] for channel, wish in said.items()
    }


def _fields(line: Line) -> dict[str, forms.Field]:
    off = {preset.value for preset in Preset if preset not in line.presets}
    preset = forms.ChoiceField(
        label=str(line.label), choices=[AS_USUAL, *Preset.choices], required=False, widget=Radios(off)
    )
    further = {
        _name(line, channel): forms.ChoiceField(
            label=str(channels()[channel].label),
            choices=WISHES,
            required=False,
            widget=Radios({"no"} if channel in line.always_on else set()),
        )
        for channel in line.further
    }
    return {line.scope.anchor: preset, **further, **_field_of_mails(line)}


def _field_of_mails(line: Line) -> dict[str, forms.Field]:
    if not line.digest_otherwise:
        return {}
    choices, widget = [AS_USUAL, *Digest.choices], Radios(set())
    return {_mails(line): forms.ChoiceField(label=_("Mails"), choices=choices, required=False, widget=widget)}
