"""How many text messages a text becomes, by the tables of the standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.sms.segments import Encoding, Segments, count

#: 3GPP TS 23.038, 6.2.1: what septets 00 to 7F are, in their order, without 1B, which is ESC.
DEFAULT = bytes.fromhex(
    """
    0040 00A3 0024 00A5 00E8 00E9 00F9 00EC 00F2 00C7 000A 00D8 00F8 000D 00C5 00E5
    0394 005F 03A6 0393 039B 03A9 03A0 03A8 03A3 0398 039E      00C6 00E6 00DF 00C9
    0020 0021 0022 0023 00A4 0025 0026 0027 0028 0029 002A 002B 002C 002D 002E 002F
    0030 0031 0032 0033 0034 0035 0036 0037 0038 0039 003A 003B 003C 003D 003E 003F
    00A1 0041 0042 0043 0044 0045 0046 0047 0048 0049 004A 004B 004C 004D 004E 004F
    0050 0051 0052 0053 0054 0055 0056 0057 0058 0059 005A 00C4 00D6 00D1 00DC 00A7
    00BF 0061 0062 0063 0064 0065 0066 0067 0068 0069 006A 006B 006C 006D 006E 006F
    0070 0071 0072 0073 0074 0075 0076 0077 0078 0079 007A 00E4 00F6 00F1 00FC 00E0
    """
).decode("utf-16-be")
#: 6.2.1.1: 1B0A, 1B14, 1B28, 1B29, 1B2F, 1B3C, 1B3D, 1B3E, 1B40, 1B65.
EXTENSION = bytes.fromhex("000C 005E 007B 007D 005C 005B 007E 005D 007C 20AC").decode("utf-16-be")

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2
KITE, NEPALI = "🪁", "न"

texts = st.text(st.one_of(st.sampled_from(f"a€\n{KITE}{NEPALI}…"), st.characters()), max_size=400)


def test_the_tables_are_complete() -> None:
    assert len(set(DEFAULT)) == 127
    assert len(set(EXTENSION)) == 10


@pytest.mark.parametrize("character", DEFAULT)
def test_a_character_of_the_default_alphabet_is_one_septet(character: str) -> None:
    assert count(character) == Segments(GSM7, 1, 1)


@pytest.mark.parametrize("character", EXTENSION)
def test_a_character_of_the_extension_table_is_two(character: str) -> None:
    assert count(character) == Segments(GSM7, 2, 1)


def test_of_the_first_65536_characters_no_others_are_gsm() -> None:
    found = {chr(code) for code in range(0x10000) if count(chr(code)).encoding == GSM7}
    assert found == set(DEFAULT + EXTENSION)


@pytest.mark.parametrize(
    "foreign", ["ç", "\u2019", "…", "\u2013", "\x1b", "\t", "á", NEPALI, KITE, "\u00a0", "`"]
)
def test_one_foreign_character_turns_all_of_it_into_ucs_2(foreign: str) -> None:
    found = count("a" * 70 + foreign + "b" * 3 + foreign)
    assert (found.encoding, found.segments, found.foreign) == (UCS2, 2, (foreign,))


def test_foreign_characters_are_named_once_in_their_order() -> None:
    assert count("“a…” “b…”").foreign == ("“", "…", "”")


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        ("", 0, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 153 * 2, 306, 2),
        ("a" * (153 * 2 + 1), 307, 3),
        ("a" * 153 * 10, 1530, 10),
        ("a" * (153 * 10 + 1), 1531, 11),
        ("€" * 80, 160, 1),
        ("a" + "€" * 80, 161, 2),
        # 152 and half of it would fill the first part: it goes into the second as a whole.
        ("a" * 152 + "€" + "a" * 151, 305, 2),
        ("a" * 152 + "€" + "a" * 152, 306, 3),
        ("a" * 151 + "€" + "a" * 153, 306, 2),
        ("€" * 76 * 2, 304, 2),
        ("€" * (76 * 2 + 1), 306, 3),
    ],
)
def test_gsm_7_is_160_septets_or_153_in_each_part(text: str, units: int, segments: int) -> None:
    assert count(text) == Segments(GSM7, units, segments)


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        (NEPALI * 70, 70, 1),
        (NEPALI * 71, 71, 2),
        (NEPALI * 67 * 2, 134, 2),
        (NEPALI * (67 * 2 + 1), 135, 3),
        (KITE * 35, 70, 1),
        (NEPALI + KITE * 35, 71, 2),
        # Of a pair no half goes into the part before.
        (NEPALI * 66 + KITE + NEPALI * 65, 133, 2),
        (NEPALI * 66 + KITE + NEPALI * 66, 134, 3),
        (NEPALI * 65 + KITE + NEPALI * 67, 134, 2),
        (KITE * 33 * 2, 132, 2),
        (KITE * (33 * 2 + 1), 134, 3),
        (NEPALI + "€" * 69, 70, 1),
    ],
)
def test_ucs_2_is_70_units_or_67_in_each_part(text: str, units: int, segments: int) -> None:
    found = count(text)
    assert (found.encoding, found.units, found.segments) == (UCS2, units, segments)


@given(texts)
def test_the_units_of_ucs_2_are_those_of_utf_16(text: str) -> None:
    found = count(text)
    if found.encoding == UCS2:
        assert found.units == len(text.encode("utf-16-le", "surrogatepass")) // 2
        assert found.foreign


@given(texts, texts)
def test_a_longer_text_never_becomes_fewer_messages(one: str, other: str) -> None:
    assert count(one).segments <= count(one + other).segments
    assert count(other).segments <= count(one + other).segments


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a", "1 segment, GSM-7"),
        ("a" * 161, "2 segments, GSM-7"),
        ("Wait…", "1 segment, UCS-2 because of “…”"),
        ("a" * 70 + "…ç", "2 segments, UCS-2 because of “…”, “ç”"),
        ("नमस्ते", "1 segment, UCS-2 because of “न”, “म”, “स” and others"),
        ("a\u00a0b\tc\u200d", "1 segment, UCS-2 because of “U+00A0”, “U+0009”, “U+200D”"),
    ],
)
def test_it_is_said_in_words(text: str, said: str) -> None:
    assert str(count(text)) == said
