"""What our pages are made of: a policy without exceptions allows nothing that stands in the page itself."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
#: Mails have their styles in them, as mail programs fetch none.
MAILS = "engagement/templates/engagement/mail/"
INLINE = {
    "a style": re.compile(r"\sstyle\s*=|<style\b", re.IGNORECASE),
    "a script": re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE),
    "a handler": re.compile(r"<[^>]*\son[a-z]+\s*=|\shx-on\b", re.IGNORECASE),
    "a script as an address": re.compile(r"""["']\s*javascript:""", re.IGNORECASE),
}
#: What makes code or markup out of text.
DANGEROUS = re.compile(
    r"\beval\(|new Function\(|\.(inner|outer)HTML\s*\+?=|insertAdjacentHTML|document\.write"
    r"|set(Timeout|Interval)\(\s*[\"'`]|\.setAttribute\(\s*[\"'](style|on)"
)


def ours(folder: str, *endings: str) -> list[str]:
    """Return the files in folders of this name of our apps."""
    apps = ("project", "engagement", "events", "capabilities")
    found = (
        each for app in apps for each in (ROOT / app).glob(f"**/{folder}/**/*") if each.suffix in endings
    )
    return sorted(str(each.relative_to(ROOT)) for each in found)


@pytest.mark.parametrize("template", [each for each in ours("templates", ".html") if MAILS not in each])
def test_a_template_has_nothing_inline(template: str) -> None:
    text = (ROOT / template).read_text(encoding="utf-8")
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []


@pytest.mark.parametrize("script", ours("static", ".js", ".mjs"))
def test_a_script_makes_neither_code_nor_markup_of_text(script: str) -> None:
    assert DANGEROUS.findall((ROOT / script).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a style", '<p style="color: red">'),
        ("a style", "<style>p {}</style>"),
        ("a script", "<script>alert(1)</script>"),
        ("a script", '<script type="module">alert(1)</script>'),
        ("a handler", '<button class="x" onclick="go()">'),
        ("a handler", '<button hx-on:click="go()">'),
        ("a script as an address", '<a href="javascript:go()">'),
    ],
)
def test_what_is_looked_for_would_be_found(what: str, text: str) -> None:
    assert INLINE[what].search(text)


def test_a_script_in_a_file_is_not_meant() -> None:
    text = '<script type="module" src="{% static \'x.js\' %}"></script> <a data-only="{{ on }}">on = off</a>'
    assert not any(pattern.search(text) for pattern in INLINE.values())
