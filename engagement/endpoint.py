"""An address or number at which somebody is reached: how it is compared, and how it is shown in logs."""


def normal(endpoint: str) -> str:
    """Return it as it is compared: in lower case. Hardly a mailbox tells the cases of its name apart."""
    return endpoint.strip().lower()


def masked_address(endpoint: str) -> str:
    """Return what may stand in a log, which others read and keep: a…@example.org."""
    name, at, host = endpoint.rpartition("@")
    return f"{name[:1]}…@{host}" if at else f"{host[:1]}…"
