"""The German around a mail is complete, and what is committed compiled is what is committed as text."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

import engagement

PLACE = Path(engagement.__file__).parent
GERMAN = PLACE / "locale" / "de" / "LC_MESSAGES"
KEYWORDS = {"gettext": None, "_": None, "ngettext": (1, 2), "gettext_lazy": None, "ngettext_lazy": (1, 2)}

Message = str | tuple[str, ...]


def in_code() -> Iterator[str]:
    """Give the code of mails, and their templates turned into something like it."""
    for file in (PLACE / "mail").glob("*.py"):
        yield file.read_text()
    for file in (PLACE / "templates" / "engagement" / "mail").iterdir():
        yield templatize(file.read_text())


def used() -> set[Message]:
    """Return every text that is looked up in a catalogue."""
    return {found[1] for code in in_code() for found in extract("python", BytesIO(code.encode()), KEYWORDS)}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    """Return the German texts."""
    with (GERMAN / "django.po").open("rb") as file:
        return read_po(file, locale="de")


def messages(catalogue: Catalog) -> dict[Message, Message]:
    """Return what is translated, and how."""
    return {_plain(each.id): _plain(each.string) for each in catalogue if each.id}


def _plain(text: Any) -> Message:
    return text if isinstance(text, str) else tuple(text)


def test_every_text_around_a_mail_is_translated(catalogue: Catalog) -> None:
    assert len(used()) > 10
    assert used() == set(messages(catalogue))


def test_no_translation_is_empty_or_doubtful(catalogue: Catalog) -> None:
    for each in catalogue:
        assert not each.fuzzy
    for original, translated in messages(catalogue).items():
        assert all([translated] if isinstance(translated, str) else translated), original


def test_translations_fill_in_what_the_originals_do(catalogue: Catalog) -> None:
    for original, translated in messages(catalogue).items():
        wanted = placeholders(original if isinstance(original, str) else original[-1])
        assert placeholders(translated if isinstance(translated, str) else translated[-1]) == wanted


def test_what_is_compiled_is_what_is_written(catalogue: Catalog) -> None:
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    with (GERMAN / "django.mo").open("rb") as file:
        committed = read_mo(file)
    assert messages(committed) == messages(read_mo(BytesIO(compiled.getvalue())))
    assert len(messages(committed)) == len(used())


def placeholders(text: str) -> list[str]:
    """Return the names that are filled in."""
    return sorted(re.findall(r"%\((\w+)\)[sd]", text))
