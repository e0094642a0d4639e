"""Somebody who has just cloned the repository."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Of this test run, not for a clone.
NOT_INHERITED = {
    "CARILLON_DATA",
    "DATABASE_NAME",
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "HTTPS",
    "SECRET_KEY",
}


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
