"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com, specification 1.0)."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
#: Of a secret, in bytes: ours, and those that there may be.
LENGTH, SHORTEST, LONGEST = 32, 24, 64


def new_secret() -> str:
    """Return a secret that nobody else has."""
    return PREFIX + b64encode(secrets.token_bytes(LENGTH)).decode()


def is_secret(text: str) -> bool:
    """Tell whether a text is the secret of an endpoint: whsec_, and 24 to 64 bytes in base64."""
    try:
        return bool(_key(text))
    except ValueError:
        return False


def signed(message_id: str, body: bytes, keys: Sequence[str], at: datetime) -> dict[str, str]:
    """Return the headers that prove the body to be ours, and this attempt to be of this moment.

    There is a signature for each secret, in their order, so that a receiver may know any of them. Raises ValueError if
    one is no secret.
    """
    timestamp = str(int(at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(content, _key(each)) for each in keys),
    }


def _signature(content: bytes, key: bytes) -> str:
    return f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}"


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        raise ValueError(f"A secret begins with {PREFIX}")
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"A secret has {SHORTEST} to {LONGEST} bytes, not {len(key)}")
    return key
