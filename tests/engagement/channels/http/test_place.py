"""What somebody enters as an address is stored in one form, or refused with a sentence for them."""

import re
from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from engagement.channels.http import check_url
from engagement.channels.http.place import LONGEST, place_of

HTTPS = "The address must begin with https://"
CHARACTER = "There is a character in the address that does not belong there."
NO_HOST = "The address has no host, or none that there can be."
NUMBERS = "Write the host as four decimal numbers, or as a name."


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://example.com", "https://example.com/"),
        ("https://example.com/hook?a=1&b=%20", "https://example.com/hook?a=1&b=%20"),
        ("HTTPS://Example.COM/Hook", "https://example.com/Hook"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("https://example.com./", "https://example.com/"),
        ("https://example.com:/", "https://example.com/"),
        ("https://example.com/#part", "https://example.com/"),
        ("https://bücher.example/käse", "https://xn--bcher-kva.example/k%C3%A4se"),
        ("https://my_host.example/", "https://my_host.example/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2001:4860:4860:0::8888]/", "https://[2001:4860:4860::8888]/"),
        ("https://example.com/a@b:c", "https://example.com/a@b:c"),
    ],
)
def test_an_address_is_stored_in_one_form(given: str, stored: str) -> None:
    assert check_url(given) == stored
    assert check_url(stored) == stored


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", HTTPS),
        ("example.com", HTTPS),
        ("/hook", HTTPS),
        ("//example.com/", HTTPS),
        ("http://example.com/", HTTPS),
        ("ftp://example.com/", HTTPS),
        ("file:///etc/passwd", HTTPS),
        ("gopher://example.com:70/", HTTPS),
        ("https://", NO_HOST),
        ("https:///hook", NO_HOST),
        ("https://.example.com/", NO_HOST),
        ("https://example..com/", NO_HOST),
        ("https://-example.com/", NO_HOST),
        ("https://exa%6dple.com/", NO_HOST),
        ("https://exa*mple.com/", NO_HOST),
        (f"https://{'a' * 64}.example/", NO_HOST),
        (f"https://{'a.' * 130}example/", NO_HOST),
        ("https://[fe80::1%25eth0]/", NO_HOST),
        ("https://[fe80::1%eth0]/", NO_HOST),
        ("https://[::1", "This is no address of the web."),
        ("https://example.com:99999/", "This is no address of the web."),
        ("https://example.com:x/", "This is no address of the web."),
        ("https://example.com:0/", "There is no port 0."),
        ("https://example.com:22/", "The port 22 is not one of the web's: leave it out."),
        ("https://example.com:8443/", "The port 8443 is not one of the web's: leave it out."),
        ("https://alice@example.com/", "There must be no user or password in the address."),
        ("https://alice:secret@example.com/", "There must be no user or password in the address."),
        ("https://example.com@127.0.0.1/", "There must be no user or password in the address."),
        ("https://@example.com/", "There must be no user or password in the address."),
        ("https://example.com\\@evil.example/", CHARACTER),
        ("https://exam ple.com/", CHARACTER),
        ("https://example.com/\r\nHost: evil", CHARACTER),
        ("https://example.com/\x00", CHARACTER),
        ("https://example.com/\ud800", CHARACTER),
        ("https://exam\u200bple.com/", CHARACTER),
        ('https://example.com/"', CHARACTER),
        (f"https://example.com/{'a' * LONGEST}", "The address is longer than 1000 characters."),
        (f"https://example.com/{'ä' * 200}", "The address is longer than 1000 characters."),
        ("https://127.0.0.1/", "127.0.0.1 is a loopback address"),
        ("https://10.0.0.1/", "10.0.0.1 is a private address"),
        ("https://169.254.169.254/latest/", "169.254.169.254 is a link-local address"),
        ("https://[::1]/", "::1 is a loopback address"),
        ("https://[::ffff:127.0.0.1]/", "stands for 127.0.0.1, which is a loopback address"),
        ("https://127.0.0.1./", "127.0.0.1 is a loopback address"),
        ("https://127。0。0。1/", "127.0.0.1 is a loopback address"),
        ("https://①②⑦.0.0.1/", "127.0.0.1 is a loopback address"),
        ("https://2130706433/", NUMBERS),
        ("https://0x7f.1/", NUMBERS),
        ("https://0x7f000001/", NUMBERS),
        ("https://017700000001/", NUMBERS),
        ("https://0177.0.0.1/", NUMBERS),
        ("https://127.1/", NUMBERS),
        ("https://1.2.3.4.5/", NUMBERS),
        ("https://example.0x/", NUMBERS),
    ],
)
def test_what_is_refused_is_refused_with_a_sentence(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["http://billing.internal:9000/", "http://127.0.0.1:8000/", "http://10.0.0.1:9000/"]
)
def test_an_operator_permits_a_place_whatever_it_is(settings: Settings, url: str) -> None:
    with pytest.raises(ValueError, match=HTTPS):
        check_url(url)
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["billing.internal", "127.0.0.1:8000", "10.0.0.0/8"]
    assert check_url(url) == url


def test_what_is_permitted_permits_nothing_else(settings: Settings) -> None:
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1:8000", "10.0.0.0/8"]
    for url in ("https://127.0.0.1/", "http://127.0.0.1:8001/", "https://[::1]/", "http://11.0.0.1/"):
        with pytest.raises(ValueError, match="address"):
            check_url(url)


def test_a_name_may_lead_into_a_permitted_network_so_the_connection_decides(settings: Settings) -> None:
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["10.0.0.0/8"]
    assert check_url("http://billing.internal:9000/") == "http://billing.internal:9000/"
    place = place_of("http://billing.internal:9000/")
    inside, outside, loopback = map(ip_address, ("10.0.0.1", "8.8.8.8", "127.0.0.1"))
    assert place.objection([inside]) == ""
    assert place.objection([inside, outside]).startswith(HTTPS)
    safe = place_of("https://billing.internal/")
    assert safe.objection([inside, outside]) == ""
    assert safe.objection([inside, loopback]) == "127.0.0.1 is a loopback address"


@given(
    st.text()
    | st.from_regex(r"https?://[\w.:@\[\]%\\/?#-]*")
    | st.from_regex(r"https://[0-9a-fx.:\[\]]{1,20}/?")
)
def test_whatever_is_entered_is_refused_or_means_one_place_only(text: str) -> None:
    with suppress(ValueError):
        url = check_url(text)
        assert url.isascii()
        assert len(url) <= LONGEST
        assert check_url(url) == url
        address = place_of(url).address
        assert address is None or address.is_global
