"""What choices would have meant last month, in words: for the preferences, beside each of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engagement.channels import channels
from engagement.decide import Choice, Digest, Preset
from engagement.past import INBOX, Past
from engagement.preferences import Line, Section
from engagement.simulate import Amount, Amounts, were, would_be
from engagement.standing import EMAIL

#: The channels of which presets speak: mails first, since they are what people want fewer of.
MAIN = (EMAIL, INBOX)
WISHES = {"": None, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Alternative:
    """One other choice, and what it would have meant."""

    label: str
    words: str
    #: Whether it is what is chosen.
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Meant:
    """What the choice on one line meant, and what others would have; all in words."""

    #: "In October: 63 emails and 70 in the inbox."
    was: str
    #: "As chosen now: 14 emails"; empty if that is what there was.
    now: str
    alternatives: Sequence[Alternative]
    #: For the script of the page, as JSON: the words for whatever is chosen.
    words: str


def meant(past: Past, sections: Sequence[Section]) -> dict[str, Meant]:
    """Return it by the anchors of the lines of which there was something."""
    lines = [line for section in sections for line in section.lines]
    return {line.scope.anchor: _meant(past, line) for line in lines if any(map(past.of, line.tellings))}


def period(past: Past) -> str:
    """Return which month it is: "October", "November so far"."""
    month = capfirst(date_format(past.month, "F"))
    return month if past.is_over else _("%s so far") % month


def _meant(past: Past, line: Line) -> Meant:
    main, further = _main(past, line), _further(past, line)
    of_further = [said[_wish(line, name)] for name, said in further.items()]
    now = _joined([main[_key(line.chosen.preset, line.digest)], *of_further])
    before = were(past, line)
    was = _joined([_in_words(past, before, MAIN), *(_if_any(past, before, name) for name in line.further)])
    return Meant(
        _("In %(month)s: %(amounts)s.") % {"month": period(past), "amounts": was},
        "" if now == was else _("As chosen now, it would have been: %s.") % now,
        list(_alternatives(line, main, further)),
        json.dumps({"main": main, "further": further}),
    )


def _main(past: Past, line: Line) -> dict[str, str]:
    """Return the words for the inbox and mails, by preset and digest: "apps/daily"."""
    return {
        _key(preset, digest): _in_words(past, would_be(past, line, _with(line, preset), digest, MAIN), MAIN)
        for preset in [None, *Preset]
        for digest in _digests(line)
    }


def _further(past: Past, line: Line) -> dict[str, dict[str, str]]:
    """Return the words for each further channel, by what is wished of it; empty for nothing, which needs no word."""
    return {
        name: {wish: _of_wish(past, line, name, said) for wish, said in WISHES.items()}
        for name in line.further
    }


def _of_wish(past: Past, line: Line, name: str, said: bool | None) -> str:
    others = tuple(each for each in line.chosen.channels if each[0] != name)
    choice = Choice(line.chosen.preset, others if said is None else (*others, (name, said)))
    return _if_any(past, would_be(past, line, choice, line.digest, [name]), name)


def _with(line: Line, preset: Preset | None) -> Choice:
    return Choice(preset, line.chosen.channels)


def _digests(line: Line) -> list[Digest | None]:
    return [None, *Digest] if line.digest_otherwise else [line.digest]


def _key(preset: Preset | None, digest: Digest | None) -> str:
    return f"{preset or ''}/{digest or ''}"


def _wish(line: Line, name: str) -> str:
    said = line.chosen.says(name)
    return next(wish for wish, each in WISHES.items() if each is said)


def _alternatives(
    line: Line, main: Mapping[str, str], further: Mapping[str, Mapping[str, str]]
) -> Iterator[Alternative]:
    """Yield what can be chosen: one thing changed, and the others as they are."""
    preset, digest, usual = line.chosen.preset, line.digest, _("As usual")
    for each in [None, *line.presets]:
        words = main[_key(each, digest)]
        yield Alternative(str(each.label) if each else usual, words, each == preset)
    for collected in Digest if line.digest_otherwise else ():
        words = main[_key(preset, collected)]
        yield Alternative(f"{_('Mails')}: {collected.label}", words, collected == digest)
    for name, said in further.items():
        label = channels()[name].label
        for wish, word in (("yes", _("Yes")), ("no", _("No"))):
            yield Alternative(f"{label}: {word}", said[wish] or _counted(name, 0), wish == _wish(line, name))


def _joined(words: Sequence[str]) -> str:
    return ", ".join(filter(None, words))


def _if_any(past: Past, amounts: Amounts, name: str) -> str:
    return _in_words(past, amounts, [name]) if amounts.get(name, Amount()) != Amount() else ""


def _in_words(past: Past, amounts: Amounts, names: Sequence[str]) -> str:
    """Return amounts: "63 emails, 70 in the inbox"."""
    return ", ".join(_of_channel(name, amounts.get(name, Amount()), past.days) for name in names)


def _of_channel(name: str, amount: Amount, days: int) -> str:
    digests, single = amount.digests(days), amount.single
    words = [_counted(name, single)] if single or not digests else []
    if amount.delayed:
        words = [_("up to %s") % words[0]]
    if digests:
        words.append(_("up to %s") % ngettext("%d digest", "%d digests", digests) % digests)
    return _(" and ").join(words)


def _counted(name: str, number: int) -> str:
    known: dict[str, Any] = {
        INBOX: ngettext("%d in the inbox", "%d in the inbox", number),
        EMAIL: ngettext("%d email", "%d emails", number),
        "push": ngettext("%d push notification", "%d push notifications", number),
        "sms": ngettext("%d text message", "%d text messages", number),
        "webhook": ngettext("%d webhook call", "%d webhook calls", number),
    }
    return str(known[name] % number) if name in known else f"{number} {channels()[name].label}"
