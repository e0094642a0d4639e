"""What arrived at the far ends, in files: it can be looked at whatever has become of the pipeline that sent it.

Several processes write at the same time. Each file is written elsewhere first, so that nobody reads half of one.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

#: How many are kept, of everybody's.
MOST = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that arrived."""

    #: The channel; "action" for what somebody did on the page.
    kind: str
    #: Whose it is, by user name; empty if that is not known.
    owner: str
    at: datetime
    #: By which the pipeline knows it.
    message_id: str
    content: dict[str, Any]


def keep(kind: str, owner: str, message_id: str, content: dict[str, Any], at: datetime | None = None) -> None:
    """Keep something that arrived now, and forget what is old."""
    values = {"kind": kind, "owner": owner, "message_id": message_id, "content": content}
    values["at"] = (at or datetime.now(UTC)).isoformat()
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.json"
    write(folder("kept") / name, json.dumps(values))
    for path in _newest_first()[MOST:]:
        path.unlink(missing_ok=True)


def kept() -> list[Kept]:
    """Return everything, the newest first."""
    return [*_read()]


def write(path: Path, text: str) -> None:
    """Write a file as a whole, or not at all."""
    part = folder("part") / secrets.token_hex(8)
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def folder(name: str) -> Path:
    """Return one of the folders, made if it is missing."""
    path = Path(settings.TRYIT or "") / name
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _newest_first() -> list[Path]:
    return sorted(folder("kept").glob("*.json"), reverse=True)


def _read() -> Iterator[Kept]:
    for path in _newest_first():
        with suppress(FileNotFoundError):  # forgotten meanwhile
            values = json.loads(path.read_text(encoding="utf-8"))
            yield Kept(**values | {"at": datetime.fromisoformat(values["at"])})
