"""What an event is about, in words."""

import pytest

from engagement.subject import kind_of_subject, subject


@pytest.mark.parametrize(
    ("about", "kind", "words"),
    [
        ("product_management.product:7", "product", "product 7"),
        ("people.person:0b5e:x", "person", "person 0b5e:x"),
        ("product_management.product", "product", "product"),
        ("kite:1", "subject", "kite:1"),
        ("gone.model:1", "subject", "gone.model:1"),
        ("a.b.c:1", "subject", "a.b.c:1"),
        ("", "subject", ""),
        ("<b>:1", "subject", "<b>:1"),
    ],
)
def test_a_reference_in_words(about: str, kind: str, words: str) -> None:
    assert (kind_of_subject(about), subject(about)) == (kind, words)
