"""Templates that people edit: whatever they write, it is refused or it is plain text."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.template import TemplateSyntaxError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engagement.sandbox import FILTERS, TAGS, compile_text

#: What the renderer turns into the fallback.
EXPECTED = (ArithmeticError, LookupError, TemplateSyntaxError, TypeError, ValueError)


def show(source: str, **values: Any) -> str:
    """Return the text."""
    return compile_text(source).text(values)


SHOWN = [
    ("{{ name }} is live", "Kite is live"),
    ("{{name}}{{name}}", "KiteKite"),
    ("{{ name|upper }}", "KITE"),
    ("{{ name|lower|capfirst }}", "Kite"),
    ("{{ empty|default:'Somebody' }}", "Somebody"),
    ("{{ empty|default:name }}", "Kite"),
    ("{{ nothing|default_if_none:'none' }}", "none"),
    ("{{ parts|join:', ' }}", "a, b"),
    ("{{ parts|length }}", "2"),
    ("{{ number }} kite{{ number|pluralize }}", "3 kites"),
    ("{{ price|floatformat:2 }}", "9.50"),
    ("{{ price|floatformat:'-1' }}", "9.5"),
    ("{{ day|date:'Y-m-d' }}", "2026-11-20"),
    ("{{ moment|time:'H:i' }}", "14:30"),
    ("{{ name|truncatechars:3 }}", "Ki…"),
    ("{{ long|truncatewords:2 }}", "one two …"),
    ("{{ name|title }}", "Kite"),
    ("{{ yes|yesno:'on,off' }}", "on"),
    ("{% if number > 2 and name == 'Kite' %}many{% else %}few{% endif %}", "many"),
    ("{% if nothing %}x{% elif name in parts %}y{% else %}z{% endif %}", "z"),
    ("a{% comment %}{{ hidden.stuff }}{% endcomment %}b{# {{ x.y }} #}c", "abc"),
    ("{{ html }}", "<b>&amp;</b>"),
    ("{{ 'text' }} {{ 3 }} {{ 1.5 }}", "text 3 1.5"),
    ("no braces at all", "no braces at all"),
    ("{ name } {{", "{ name } {{"),
]
VALUES: dict[str, Any] = {
    "name": "Kite",
    "empty": "",
    "nothing": None,
    "parts": ["a", "b"],
    "number": 3,
    "price": Decimal("9.5"),
    "day": date(2026, 11, 20),
    "moment": datetime(2026, 11, 20, 14, 30),  # noqa: DTZ001 - shown as it is
    "long": "one two three",
    "yes": True,
    "html": "<b>&amp;</b>",
}


@pytest.mark.parametrize(("source", "text"), SHOWN)
def test_what_a_wording_needs_is_there(source: str, text: str) -> None:
    assert show(source, **VALUES) == text


def test_every_permitted_filter_has_an_example() -> None:
    used = "".join(source for source, _ in SHOWN)
    assert [each for each in [*FILTERS, "floatformat"] if f"|{each}" not in used] == []
    assert [each for each in TAGS if f"{{% {each}" not in used] == []


REFUSED = [
    "{{ name.upper }}",
    "{{ name.__class__ }}",
    "{{ name.0 }}",
    "{{ a.b.c }}",
    "{{ name|default:other.secret }}",
    "{{ name|upper|default:other.secret }}",
    "{% if name.secret %}x{% endif %}",
    "{% if name %}{% elif name.secret %}x{% endif %}",
    "{% if 1 in name.secret|length %}x{% endif %}",
    "{{ _private }}",
    "{{ name.__class__.__mro__ }}",
    "{{ name|attr:'x' }}",
    "{{ name|safe }}",
    "{{ name|safeseq }}",
    "{{ name|linebreaks }}",
    "{{ name|center:'1000000000' }}",
    "{{ name|ljust:1000000000 }}",
    "{{ name|rjust:1000000000 }}",
    "{{ name|stringformat:'1000000000d' }}",
    "{{ name|wordwrap:1 }}",
    "{{ name|slice:'0' }}",
    "{{ name|random }}",
    "{{ name|pprint }}",
    "{{ name|make_list }}",
    "{{ name|dictsort:'__class__' }}",
    "{{ name|add:name }}",
    "{{ name|urlize }}",
    "{{ name|unknown }}",
    "{{ name|upper:1 }}",
    "{{ }}",
    "{{ name name }}",
    "{{ name|default: }}",
    "{% %}",
    "{% load i18n %}",
    "{% load static from static %}",
    "{% include 'engagement/inbox.html' %}",
    "{% include name %}",
    "{% extends 'base.html' %}",
    "{% extends name %}",
    "{% for a in name %}{{ a }}{% endfor %}",
    "{% with a=name %}{{ a }}{% endwith %}",
    "{% debug %}",
    "{% now 'Y' %}",
    "{% url 'login' %}",
    "{% csrf_token %}",
    "{% cycle 'a' 'b' %}",
    "{% lorem 1000000 p %}",
    "{% widthratio 1 1 1000000 %}",
    "{% filter upper %}x{% endfilter %}",
    "{% spaceless %}x{% endspaceless %}",
    "{% autoescape off %}x{% endautoescape %}",
    "{% verbatim %}{{ name }}{% endverbatim %}",
    "{% regroup name by x as y %}",
    "{% block x %}{% endblock %}",
    "{% templatetag openblock %}",
    "{% firstof name %}",
    "{% ifchanged %}x{% endifchanged %}",
    "{% resetcycle %}",
    "{% querystring %}",
    "{% if %}x{% endif %}",
    "{% if name %}x",
    "{% if name == %}x{% endif %}",
    "{% endif %}",
    "{% comment %}x",
]


@pytest.mark.parametrize("source", REFUSED)
def test_what_a_wording_must_not_do_is_refused(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        compile_text(source)


def test_the_refusal_names_what_was_wrong() -> None:
    with pytest.raises(TemplateSyntaxError, match=r"person\.password: parameters have no parts"):
        compile_text("{{ person.password }}")


@pytest.mark.parametrize("decimals", ["21", "-21", "1000000000", "'999999999u'"])
def test_so_many_decimals_are_refused(decimals: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="up to 20 decimal places"):
        show(f"{{{{ price|floatformat:{decimals} }}}}", price=9.5)


def test_a_value_is_no_template_and_no_format() -> None:
    for value in ("{{ secret }}", "{% debug %}", "{0.__class__}", "%s %(secret)s", "<b>&", "a\r\nb\0c"):
        assert show("{{ name }}", name=value, secret="S") == value


def test_the_parameters_in_use_are_known() -> None:
    source = (
        "{{ a }}{{ b|default:c }}{% if d and e > 3 %}{{ True }}{% elif f %}{{ 'x' }}{% endif %}{{ None }}"
    )
    assert compile_text(source).names == {"a", "b", "c", "d", "e", "f"}


def test_a_parameter_in_a_comment_is_not_in_use() -> None:
    assert compile_text("{% comment %}{{ a }}{% endcomment %}{# {{ b }} #}").names == frozenset()


PIECES = [
    "{{ name }}", "{{ a.__class__ }}", "{{ a.b }}", "{{ other|default:name }}", "{% load i18n %}", "{% include name %}",
    "{% for x in name %}", "{% endfor %}", "{% debug %}", "{% extends 'base.html' %}", "{% if name %}", "{% else %}",
    "{% elif other > 3 %}", "{% endif %}", "{% comment %}", "{% endcomment %}", "{% verbatim %}", "{% endverbatim %}",
    "{#", "#}", "{{", "}}", "{%", "%}", "|", ":", "'", '"', "\n", "name", "_('x')", "{{ _('x') }}", "{{ 1e999 }}",
    "{{ name|truncatechars:99999999999999999999 }}", "{{ name|truncatewords:-99999999999 }}",
    "{{ name|floatformat:99999999 }}", "{{ name|floatformat:other }}", "{{ name|date:other }}", "{{ name|time:other }}",
    "{{ name|pluralize:other }}", "{{ name|join:', ' }}", "{{ name|truncatechars:other }}", "{{ name|yesno:'a,b,c' }}",
    "{{ name|length }}", "{{ name|title|upper|capfirst }}", "{% if not name in other %}", "{% if name == other %}",
]  # fmt: skip
TEMPLATES = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join)
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50)
ODD = st.sampled_from(
    ["<b>&</b>", "{0.__class__}", "%s%n", "\0", "\ud800", "\r\nBcc: x", "x" * 1_000_000, 10**30]
)
HOSTILE = (
    PLAIN
    | ODD
    | st.lists(PLAIN, max_size=3)
    | st.dictionaries(st.text(max_size=5), PLAIN, max_size=2)
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.decimals()
)


@settings(deadline=None, max_examples=300)
@given(source=TEMPLATES, name=HOSTILE, other=HOSTILE)
@example(source="{% if name %}" * 3 + "x" + "{% endif %}" * 3, name="", other="")
@example(source="{{ name|floatformat:other }}", name="1e400000000", other="²")
def test_any_template_on_any_values_is_refused_or_is_text(source: str, name: Any, other: Any) -> None:
    try:
        template = compile_text(source)
    except TemplateSyntaxError:
        return
    values = {"name": name, "other": other} | dict.fromkeys(template.names - {"name", "other"}, "")
    try:
        text = template.text(values)
    except EXPECTED:
        return
    assert isinstance(text, str)
    assert len(text) <= 30_000_000  # a dozen pieces, a megabyte each, a comma between characters


@pytest.mark.parametrize(
    "source",
    [
        "{{ name|yesno:5 }}",
        "{{ name|join:5 }}",
        "{{ name|date:5 }}",
        "{{ name|yesno:other }}",
        "{{ name|join:other }}",
        "{{ moment|date:name }}",
        "{{ moment|time:name }}",
        "{{ name|floatformat:other }}",
        "{{ name|truncatechars:other }}",
    ],
)
def test_an_argument_is_a_constant_of_the_right_kind(source: str) -> None:
    """A value used as a format or a separator is multiplied by the other value: 100 kB each would make 10 GB."""
    with pytest.raises(TemplateSyntaxError, match="must be a"):
        compile_text(source)


def test_a_default_may_be_another_parameter() -> None:
    assert show("{{ name|default:other }}", name="", other="Kite") == "Kite"
    assert show("{{ name|default_if_none:other }}", name=None, other="Kite") == "Kite"


def test_what_is_nested_too_deeply_to_be_rendered_is_refused() -> None:
    source = "{% if name %}" * 300 + "x" + "{% endif %}" * 300
    try:
        compile_text(source)
    except TemplateSyntaxError:
        return
    assert show(source, name="Kite") == "x"


def test_what_is_nested_too_deeply_to_be_compiled_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError):
        compile_text("{% if " + "not " * 5_000 + "name %}x{% endif %}")


SLOW = [
    "{{ name|upper|lower|title|capfirst|truncatechars:10 }}",
    "{{ name|truncatewords:100000000 }}",
    "{{ name|truncatechars:100000000 }}",
    "{{ name|floatformat:20 }}",
    "{% if name in name and name == name %}{{ name|length }}{% endif %}",
]


@pytest.mark.parametrize("value", ["x" * 1_000_000, "9" * 1_000_000, "x " * 500_000, "1e999999999"])
@pytest.mark.parametrize("source", SLOW)
def test_a_megabyte_stays_a_megabyte(source: str, value: str) -> None:
    text = show(source, name=value)
    assert len(text) <= len(value) + 100


def test_a_template_longer_than_may_be_is_not_even_compiled() -> None:
    """The lexer takes quadratic time."""
    compile_text("{{" * 2_000)
    with pytest.raises(TemplateSyntaxError, match="4000 are permitted"):
        compile_text("{{" * 2_001)


@pytest.mark.parametrize("words", ["not ", "a and "])
def test_a_condition_has_an_end(words: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="more than 50 words"):
        compile_text("{% if " + words * 600 + "a %}x{% endif %}")


def test_texts_are_not_joined_with_themselves() -> None:
    with pytest.raises(TemplateSyntaxError, match="join is for lists"):
        compile_text("{{ a|join:'0123456789'|join:'0123456789' }}").text({"a": ["x"] * 10})
    assert compile_text("{{ a|join:', ' }}").text({"a": ["<x>", 2]}) == "<x>, 2"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{{ a" + "|title" * 6 + " }}", "at most 5 filters"),
        ("{{ a }}" * 51, "more than 50 variables"),
        ("{% if a" + "|title" * 6 + " %}x{% endif %}", "at most 5 filters"),
    ],
)
def test_a_text_is_not_long_by_being_much(source: str, complaint: str) -> None:
    with pytest.raises(TemplateSyntaxError, match=complaint):
        compile_text(source)


def test_a_list_is_joined_up_to_a_limit() -> None:
    assert len(compile_text("{{ a|join:',' }}").text({"a": ["x" * 10**6] * 10**4})) <= 4_000
