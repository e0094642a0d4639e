"""The README's tutorial, as a newcomer would follow it: in a fresh copy, word for word."""

import re
from pathlib import Path

import pytest

from tests.newcomer import ROOT, Newcomer

BLOCK = re.compile(r"^```(bash|python|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (capabilities/\S+)\n")

LOOK = """
from engagement.models import AppNotification
from events.models import HandlerRun
found = AppNotification.objects.get()
print(found.person, '|', found.title, '|', found.message, '|', found.reason)
print(sorted(HandlerRun.objects.values_list('handler', 'state')))
"""


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    """Somebody in an empty directory."""
    return Newcomer(tmp_path)


def test_the_tutorial_of_the_readme_works_word_for_word(newcomer: Newcomer) -> None:
    tutorial = (ROOT / "README.md").read_text().split("## Your first event", 1)[1].split("\n## ", 1)[0]
    blocks = BLOCK.findall(tutorial)
    assert [kind for kind, _ in blocks] == ["bash", "python", "python", "python", "python", "toml", "bash"]
    newcomer.manage("migrate --verbosity 0")
    newcomer.manage("load_demo --verbosity 0")
    for kind, text in blocks:
        if kind == "bash":
            newcomer.run(text)
        else:
            name = FILE.match(text)
            assert name, f"The block begins with the name of its file: {text[:60]}"
            (newcomer.folder / name[1]).write_text(text)
    newcomer.manage("drain")
    told, runs = newcomer.manage(f'shell -v 0 -c "{LOOK}"').splitlines()
    assert told == (
        "Bob Byrne | Alice says hello | Bob Byrne, here is what they wrote: What a day! | you were greeted"
    )
    assert runs == (
        "[('capabilities.greetings.handlers.note_greeting', 'succeeded'), ('engagement.fan_out', 'succeeded')]"
    )
    newcomer.manage("check --fail-level WARNING")


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"
