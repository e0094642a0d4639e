"""What we sign, the library of Standard Webhooks verifies, with any of the endpoint's secrets and no other."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from engagement.webhook import is_secret, new_secret, signed


def now() -> datetime:
    """Return the moment of an attempt."""
    return datetime.now(UTC)


def test_a_signature_is_verified() -> None:
    secret = new_secret()
    headers = signed("msg_1", b'{"title":"K\xc3\xa4se"}', [secret], now())
    assert Webhook(secret).verify('{"title":"Käse"}', headers) == {"title": "Käse"}


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    headers = signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_secrets_are_changed_both_are_good_and_the_newest_is_first() -> None:
    new, old = new_secret(), new_secret()
    at = now()
    headers = signed("msg_1", b"{}", [new, old], at)
    for secret in (new, old):
        Webhook(secret).verify("{}", headers)
    first, _space, _second = headers["webhook-signature"].partition(" ")
    assert first == signed("msg_1", b"{}", [new], at)["webhook-signature"]


@pytest.mark.parametrize(
    ("body", "name", "later"),
    [("{ }", "msg_1", 0), ("{}", "msg_2", 0), ("{}", "msg_1", 60)],
)
def test_what_was_changed_on_the_way_is_not_verified(body: str, name: str, later: int) -> None:
    secret, at = new_secret(), now()
    changed = {"webhook-id": name, "webhook-timestamp": str(int(at.timestamp()) + later)}
    headers = signed("msg_1", b"{}", [secret], at) | changed
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(secret).verify(body, headers)


def test_another_secret_does_not_verify() -> None:
    headers = signed("msg_1", b"{}", [new_secret()], now())
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(new_secret()).verify("{}", headers)


def test_an_old_attempt_cannot_be_played_again() -> None:
    secret = new_secret()
    headers = signed("msg_1", b"{}", [secret], now() - timedelta(minutes=6))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify("{}", headers)


def test_no_two_secrets_are_the_same() -> None:
    found = {new_secret() for _ in range(100)}
    assert len(found) == 100
    assert all(is_secret(each) for each in found)


@given(st.binary(max_size=100))
def test_a_secret_has_24_to_64_bytes(key: bytes) -> None:
    assert is_secret(f"whsec_{b64encode(key).decode()}") is (24 <= len(key) <= 64)


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_" + "!" * 40, "whsec_" + "ä" * 40, b64encode(b"x" * 32).decode(), "whsec_abc"],
)
def test_what_is_no_secret_is_told(text: str) -> None:
    assert not is_secret(text)
    with pytest.raises(ValueError, match=r"."):
        signed("msg_1", b"{}", [text], now())


@given(st.text())
def test_whatever_is_entered_is_a_secret_or_not(text: str) -> None:
    assert not is_secret(text)
    assert is_secret(f"whsec_{text}") in {True, False}
