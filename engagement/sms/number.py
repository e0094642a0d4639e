"""Telephone numbers: stored and compared as E.164 has them ("+9779812345678"), shown as people read them."""

import re
import unicodedata
from collections.abc import Collection

import phonenumbers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

from engagement.conf import conf

#: What a text message reaches. In North America a mobile number looks like any other.
REACHED = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
#: Neither letters ("0800 KITES"), nor the codes that a telephone obeys ("*#06#").
NOT_IN_A_NUMBER = re.compile(r"[^\d\s()./+-]")
#: Few, so that looking for a number in a long answer stays quick.
BETWEEN_DIGITS = r"[\s().-]{0,3}"

NOT_A_NUMBER = _("This is not a telephone number.")
NO_COUNTRY = _("Begin with + and the code of the country, as in +977 981-2345678.")
NO_SUCH_COUNTRY = _("No country has the code after the +.")
TOO_SHORT = _("This number is too short.")
TOO_LONG = _("This number is too long.")
NO_SUCH_NUMBER = _("There is no such number: check its digits.")
NOT_REACHED = _("Text messages do not reach numbers of this kind. Enter a mobile number.")

UNPARSABLE: dict[int, Promise] = {
    NumberParseException.NOT_A_NUMBER: NOT_A_NUMBER,
    NumberParseException.TOO_SHORT_AFTER_IDD: TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: TOO_SHORT,
    NumberParseException.TOO_LONG: TOO_LONG,
}
IMPOSSIBLE: dict[int, Promise] = {
    ValidationResult.TOO_SHORT: TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: TOO_SHORT,
    ValidationResult.TOO_LONG: TOO_LONG,
}


def normal_number(text: str, region: str | None = None) -> str:
    """Return a number that somebody entered, as E.164 has it; raise ValueError with a sentence for them.

    Without a country code it is one of the region ("NP"), by default of the setting's.
    """
    found = _parsed(_plain(text), (conf.sms_region if region is None else region) or None)
    if not phonenumbers.is_valid_number(found):
        reason = phonenumbers.is_possible_number_with_reason(found)
        raise ValueError(str(IMPOSSIBLE.get(reason, NO_SUCH_NUMBER)))
    if phonenumbers.number_type(found) not in REACHED:
        raise ValueError(str(NOT_REACHED))
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)


def _plain(text: str) -> str:
    """Return it without what comes along when a number is copied, and with + for the 00 that is dialled."""
    plain = "".join(_typed(each) for each in unicodedata.normalize("NFKC", text)).strip()
    if NOT_IN_A_NUMBER.search(plain):
        raise ValueError(str(NOT_A_NUMBER))
    return f"+{plain[2:]}" if plain.startswith("00") else plain


def _typed(character: str) -> str:
    """Return it as a keyboard has it: any dash as -, and nothing for a mark of direction that cannot be seen."""
    category = unicodedata.category(character)
    return "-" if category == "Pd" else "" if category == "Cf" else character


def _parsed(text: str, region: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as error:
        unknown = NO_SUCH_COUNTRY if text.startswith("+") else NO_COUNTRY
        raise ValueError(str(UNPARSABLE.get(error.error_type, unknown))) from None


def reaches(number: str, country_codes: Collection[int]) -> bool:
    """Tell whether a number is in one of these countries."""
    return phonenumbers.parse(number).country_code in country_codes


def national(number: str) -> str:
    """Return the digits that follow the country code."""
    return phonenumbers.national_significant_number(phonenumbers.parse(number))


def shown_number(number: str) -> str:
    """Return it as people read it: "+977 981-2345678"."""
    try:
        found = phonenumbers.parse(number)
    except NumberParseException:
        return number
    return phonenumbers.format_number(found, PhoneNumberFormat.INTERNATIONAL)


def masked_number(number: str) -> str:
    """Return what may stand in a log, which others read and keep: "+977 98…"."""
    try:
        found = phonenumbers.parse(number)
    except NumberParseException:
        return f"{number[:1]}…"
    return f"+{found.country_code} {phonenumbers.national_significant_number(found)[:2]}…"


def without_number(text: str, number: str) -> str:
    """Return what a provider said with the number masked in it, however it was written."""
    found = phonenumbers.parse(number)
    code, digits = (
        BETWEEN_DIGITS.join(str(each))
        for each in (found.country_code, phonenumbers.national_significant_number(found))
    )
    pattern = rf"[+(]{{0,2}}(?:{code}{BETWEEN_DIGITS})?{digits}"
    return re.sub(pattern, masked_number(number), text)
