"""What others may import of the bus is said once, and kept."""

import re
import tomllib
from pathlib import Path
from pkgutil import iter_modules

import events

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_module_is_a_public_face_or_closed_to_others() -> None:
    assert events.__doc__
    faces = set(re.findall(r"^(events\.\w+) ", events.__doc__, re.MULTILINE))
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (closed,) = [each["forbidden_modules"] for each in contracts if "public faces of events" in each["name"]]
    modules = {f"events.{module.name}" for module in iter_modules(events.__path__)} - {"events.migrations"}
    assert len(faces) == 9
    assert not faces & set(closed)
    assert faces | set(closed) == modules
