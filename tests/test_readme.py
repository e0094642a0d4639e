"""The README's tutorial, as a newcomer would follow it: in a fresh copy, word for word."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(bash|python|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (capabilities/\S+)\n")
NOT_INHERITED = {"DJANGO_SETTINGS_MODULE", "SECRET_KEY", "HTTPS", "DATABASE_NAME", "DATABASE_URL"}

LOOK = """
from engagement.models import AppNotification
from events.models import HandlerRun
found = AppNotification.objects.get()
print(found.person, '|', found.title, '|', found.message, '|', found.reason)
print(sorted(HandlerRun.objects.values_list('handler', 'state')))
"""


class Newcomer:
    """Has a fresh copy, an environment with the dependencies, and a data directory of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for name in filter(None, names.split("\0")):
            if (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes((ROOT / name).read_bytes())
        (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        self.environment = inherited | {"DEBUG": "1"}

    def run(self, command: str) -> str:
        """Type something into a shell; return what it prints."""
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def manage(self, arguments: str) -> str:
        """Run manage.py."""
        return self.run(f".venv/bin/python manage.py {arguments}")


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
