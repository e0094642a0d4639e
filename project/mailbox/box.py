"""The folder of the mailbox: a Maildir, into which several processes can deliver at the same time without locks."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from mailbox import ExternalClashError, Maildir
from pathlib import Path

from django.conf import settings

from project.mailbox import message

#: How many mails are kept.
MOST = 500
#: In how many of its first bytes the headers of a mail are looked for.
HEADER_BYTES = 65_536
#: What Maildir calls a message: second, microsecond, process, number.
KEY = re.compile(r"(\d+)\.M(\d+)P(\d+)Q(\d+)\.")


@dataclass(frozen=True, slots=True)
class Mail:
    """A line in the list of mails."""

    key: str
    received: datetime
    #: In lower case: to whose mailbox it was delivered, whatever its headers say.
    owner: str
    sender: str
    recipients: str
    subject: str
    message_id: str


def deliver(recipient: str, sender: str, content: bytes) -> None:
    """Keep a mail, below the two lines that a mail server adds to it."""
    envelope = f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n".encode()
    add = partial(_maildir().add, envelope + content)
    for _ in range(3):
        try:
            add()
        except ExternalClashError:  # another thread of this process, in the same microsecond
            continue
        return
    add()


def forget_old() -> None:
    """Delete all but the newest."""
    found = _maildir()
    for key in _newest(found)[MOST:]:
        found.discard(key)


def mails(most: int = MOST) -> list[Mail]:
    """Return the mails, newest first; no more than so many."""
    found = _maildir()
    read = ((key, _read(found, key, HEADER_BYTES)) for key in _newest(found)[:most])
    return [_mail(key, content) for key, content in read if content is not None]


def mail(key: str) -> Mail | None:
    """Return the mail with this key, if there still is one."""
    content = content_of(key, HEADER_BYTES)
    return None if content is None else _mail(key, content)


def content_of(key: str, most: int | None = None) -> bytes | None:
    """Return a mail as it was delivered, or so many bytes of it; None if there is none with this key."""
    return _read(_maildir(), key, most)


def _read(found: Maildir, key: str, most: int | None) -> bytes | None:
    try:
        file = found.get_file(key)
    except (KeyError, FileNotFoundError):  # forgotten meanwhile
        return None
    with file:
        return file.read(most)


def _mail(key: str, content: bytes) -> Mail:
    headers = message.headers(content)
    first = {name.lower(): value for name, value in reversed(headers)}
    return Mail(
        key=key,
        received=_moment(key),
        owner=first.get("delivered-to", "").strip().lower(),
        sender=first.get("from", ""),
        recipients=first.get("to", ""),
        subject=first.get("subject", ""),
        message_id=first.get("message-id", ""),
    )


def _moment(key: str) -> datetime:
    seconds, microseconds, *_ = (*_order(key), 0)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=min(microseconds, 999_999))


def _maildir() -> Maildir:
    """Return the folder, made if it is missing: Maildir itself would not make what another process is just making."""
    path = Path(settings.MAILBOX or "")
    for name in ("tmp", "new", "cur"):
        (path / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    return Maildir(path, create=False)


def _newest(found: Maildir) -> list[str]:
    return sorted((key for key in found.keys() if KEY.match(key)), key=_order, reverse=True)  # noqa: SIM118


def _order(key: str) -> tuple[int, ...]:
    parts = KEY.match(key)
    return tuple(map(int, parts.groups())) if parts else (0,)
