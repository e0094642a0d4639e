"""Virtual environments of the baselines that need other packages than the project: made when first used."""

import hashlib
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

from django.conf import settings

REQUIREMENTS = Path(__file__).parent / "requirements"


class NotInstalled(Exception):
    """The packages of a baseline could not be installed."""


@cache
def environment(name: str) -> Path:
    """Return the folder of the environment's programs, with what requirements/<name>.txt pins, and nothing else."""
    pinned = REQUIREMENTS / f"{name}.txt"
    digest = hashlib.sha256(pinned.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = Path(settings.BENCH_DIR) / f"{name}-{digest}"
    programs = place / ("Scripts" if sys.platform == "win32" else "bin")
    if not (place / "complete").exists():
        print(f"Installing the packages of a baseline ({name}) ...", file=sys.stderr, flush=True)
        venv.create(place, clear=True, with_pip=True)
        _install(programs / "python", pinned)
        (place / "complete").touch()
    return programs


def _install(interpreter: Path, pinned: Path) -> None:
    command = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--require-hashes", "-r", pinned], capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NotInstalled(f"its packages could not be installed ({' '.join(reason)})")
