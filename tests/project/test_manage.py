"""manage.py: what is set up wrongly is said in a line, and said of the right thing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'INSTALLED_APPS = [*INSTALLED_APPS, "misnamed"]',
            (
                "An app or a setting is wrong. Cannot import 'misnamedd'. "
                "Check that 'misnamed.apps.MisnamedConfig.name' is correct.\n"
            ),
        ),
        (
            'raise ImproperlyConfigured("KITES must be a number.")',
            "A setting is wrong. KITES must be a number.\n",
        ),
    ],
    ids=["a wrong name in an apps.py", "a wrong setting"],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "misnamed").mkdir()
    (tmp_path / "misnamed" / "apps.py").write_text(
        'from django.apps import AppConfig\nclass MisnamedConfig(AppConfig):\n    name = "misnamedd"\n'
    )
    (tmp_path / "wrong_settings.py").write_text(
        f"from django.core.exceptions import ImproperlyConfigured\nfrom tests.settings import *\n{line}\n"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "wrong_settings", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, message)
