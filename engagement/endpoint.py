"""An address or number at which somebody is reached: how it is compared, and how it is shown in logs."""

import re
from string import ascii_lowercase, ascii_uppercase

from django.utils.encoding import punycode

#: Only ASCII: what PostgreSQL takes for a space, or for the small letter of another script, depends on its locale.
SPACES = " \t\n\x0b\x0c\r"
SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
#: Of a mailbox: the domain, in whatever script, or an address in brackets.
HOST_IN_LOGS = re.compile(r"[\w.-]{1,255}|\[[\w.:-]{1,255}\]")


def normal(endpoint: str) -> str:
    """Return it as it is compared: in lower case. Hardly a mailbox tells the cases of its name apart."""
    return endpoint.strip(SPACES).translate(SMALL)


def normal_sql(endpoint: str) -> str:
    """Return the same of an SQL expression; in the collation of the database, as the index is."""
    spaces = "".join(f"\\x{ord(each):02x}" for each in SPACES)
    return f"""lower(btrim({endpoint}, E'{spaces}') COLLATE "C") COLLATE "default\""""


def is_same(one: str, two: str) -> bool:
    """Tell whether both mean one mailbox: providers may write its domain as servers do, in ASCII (RFC 5890)."""
    return _in_ascii(normal(one)) == _in_ascii(normal(two))


def spellings_of(endpoint: str) -> set[str]:
    """Return the address as it is compared, with its domain in ASCII and in its own script."""
    found = normal(endpoint)
    return {found, _in_ascii(found), _in_script(found)}


def _in_ascii(endpoint: str) -> str:
    name, at, host = endpoint.rpartition("@")
    try:
        return f"{name}{at}{punycode(host).lower()}" if at else endpoint
    except UnicodeError:
        return endpoint


def _in_script(endpoint: str) -> str:
    name, at, host = endpoint.rpartition("@")
    try:
        return f"{name}{at}{host.encode('ascii').decode('idna')}"
    except UnicodeError:
        return endpoint


def masked_address(endpoint: str) -> str:
    """Return what may stand in a log, which others read and keep: a…@example.org.

    Nothing but the first character of an address on the web or a token: what follows an @ there may be a secret.
    """
    name, at, host = endpoint.rpartition("@")
    is_mailbox = at and HOST_IN_LOGS.fullmatch(host) and "://" not in name
    return f"{name[:1]}…@{host}" if is_mailbox else f"{endpoint[:1]}…"
