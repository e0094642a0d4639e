"""Telephone numbers: as they are entered, stored, shown, and masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from engagement.sms import masked_number, normal_number, reaches, shown_number
from engagement.sms.number import (
    NO_COUNTRY,
    NO_SUCH_COUNTRY,
    NO_SUCH_NUMBER,
    NOT_A_NUMBER,
    NOT_REACHED,
    TOO_LONG,
    TOO_SHORT,
    without_number,
)

NEPAL = "+9779812345678"


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        (NEPAL, "", NEPAL),
        ("+977 981-234-5678", "", NEPAL),
        ("  +977 (981) 2345678 ", "", NEPAL),
        ("+977.981.2345678", "", NEPAL),
        ("+977\u00a0981\u20112345678", "", NEPAL),
        ("\u202a+9779812345678\u202c", "", NEPAL),
        ("\uff0b977 981\uff12345678", "", NEPAL),
        ("00977 9812345678", "", NEPAL),
        ("00977 9812345678", "NP", NEPAL),
        ("00977 9812345678", "US", NEPAL),
        ("9812345678", "NP", NEPAL),
        ("09812345678", "NP", NEPAL),
        ("९८१२३४५६७८", "NP", NEPAL),
        ("9779812345678", "NP", NEPAL),
        ("+977 970 1234567", "DE", "+9779701234567"),
        ("+49 (0) 151 23456789", "", "+4915123456789"),
        ("0151/23456789", "DE", "+4915123456789"),
        ("+1 (202) 555-0123", "", "+12025550123"),
        ("202-555-0123", "US", "+12025550123"),
    ],
)
def test_a_number_is_stored_as_e_164_has_it(text: str, region: str, number: str) -> None:
    assert normal_number(text, region) == number


@pytest.mark.parametrize(
    ("text", "region", "sentence"),
    [
        ("", "NP", NOT_A_NUMBER),
        ("+", "NP", NOT_A_NUMBER),
        ("call me", "NP", NOT_A_NUMBER),
        ("0800 KITES", "NP", NOT_A_NUMBER),
        ("+977 9812345678 ext. 5", "", NOT_A_NUMBER),
        ("9812345678, 9812345679", "NP", NOT_A_NUMBER),
        ("*#06#", "NP", NOT_A_NUMBER),
        ("alice@kiteworks.example", "NP", NOT_A_NUMBER),
        ("9812345678\0", "NP", NOT_A_NUMBER),
        ("9812345678", "", NO_COUNTRY),
        ("9779812345678", "", NO_COUNTRY),
        ("+999 123456789", "", NO_SUCH_COUNTRY),
        ("+0 123456789", "", NO_SUCH_COUNTRY),
        ("+977 98", "", TOO_SHORT),
        ("98", "NP", TOO_SHORT),
        ("112", "NP", TOO_SHORT),
        ("+977 981234567890123", "", TOO_LONG),
        ("9" * 300, "NP", TOO_LONG),
        ("+977 991-2345678", "", NO_SUCH_NUMBER),
        ("+49 4", "", TOO_SHORT),
        ("+44 7700 900123", "", NO_SUCH_NUMBER),
        ("+977 1-5522942", "", NOT_REACHED),
        ("+49 30 1234567", "", NOT_REACHED),
        ("+1 900 234 5678", "", NOT_REACHED),
        ("+49 900 1234567", "", NOT_REACHED),
        ("+49 180 1234567", "", NOT_REACHED),
        ("+1 800 234 5678", "", NOT_REACHED),
    ],
)
def test_what_is_none_is_refused_in_a_sentence(text: str, region: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        normal_number(text, region)
    assert str(refused.value) == sentence


def test_the_setting_says_in_which_country_a_number_is_without_a_code(settings: Settings) -> None:
    settings.ENGAGEMENT_SMS_REGION = "NP"
    assert normal_number("981-2345678") == NEPAL
    assert normal_number("+1 202 555 0123") == "+12025550123"
    settings.ENGAGEMENT_SMS_REGION = ""
    with pytest.raises(ValueError, match="code of the country"):
        normal_number("981-2345678")


@given(st.text(st.one_of(st.sampled_from("+0123456789-/() "), st.characters()), max_size=30))
def test_whatever_is_entered_is_a_number_or_refused_with_a_sentence(text: str) -> None:
    try:
        found = normal_number(text, "NP")
    except ValueError as error:
        found = str(error)
    else:
        assert normal_number(found, "") == found
        assert len(found) <= 16
    assert found.startswith("+") or found.endswith(".")


@pytest.mark.parametrize(
    ("number", "shown", "masked"),
    [
        (NEPAL, "+977 981-2345678", "+977 98…"),
        ("+12025550123", "+1 202-555-0123", "+1 20…"),
        ("+4915123456789", "+49 1512 3456789", "+49 15…"),
        ("rubbish", "rubbish", "r…"),
        ("", "", "…"),
    ],
)
def test_a_number_is_shown_with_spaces_and_masked_but_for_its_beginning(
    number: str, shown: str, masked: str
) -> None:
    assert shown_number(number) == shown
    assert masked_number(number) == masked


@pytest.mark.parametrize(
    "echo",
    [
        NEPAL,
        "9779812345678",
        "9812345678",
        "+977 981-2345678",
        "+977-9812345678",
        "981 234 5678",
        "(981) 234.5678",
    ],
)
def test_a_number_is_masked_in_what_others_say_however_they_write_it(echo: str) -> None:
    said = without_number(f'{{"response": "Invalid Receiver {echo}, 3 left"}}', NEPAL)
    assert said == '{"response": "Invalid Receiver +977 98…, 3 left"}'


def test_a_number_is_of_a_country() -> None:
    assert reaches(NEPAL, {977})
    assert not reaches("+12025550123", {977})
