"""A connection leads to an address that was looked at, and to whom the name belongs."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from engagement.channels.base import DeliveryError
from engagement.channels.http import NoConnection, RefusedAddress
from tests.engagement.channels.http.sending import leading_to, refused, send
from tests.http import HttpServer
from tests.services import free_port


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.0.0.1/", "127.0.0.1 is a loopback address"),
        ("https://10.0.0.1/", "10.0.0.1 is a private address"),
        ("https://169.254.169.254/", "169.254.169.254 is a link-local address"),
        ("https://[::1]/", "::1 is a loopback address"),
        ("https://[fd00::1]/", "fd00::1 is a private address"),
        ("https://[::ffff:7f00:1]/", "127.0.0.1, which is a loopback address"),
        ("https://[64:ff9b::7f00:1]/", "127.0.0.1, which is a loopback address"),
        ("https://[2002:7f00:1::]/", "127.0.0.1, which is a loopback address"),
        ("https://localhost/", "is a loopback address"),
        ("https://2130706433/", "four decimal numbers"),
        ("https://0x7f.1/", "four decimal numbers"),
        ("https://017700000001/", "four decimal numbers"),
        ("https://alice:secret@example.com/", "user or password"),
        ("https://[::1/", "no address of the web"),
        ("http://8.8.8.8/", "https://"),
        ("https://8.8.8.8:22/", "The port 22"),
    ],
)
def test_what_only_we_can_reach_is_refused_for_good_with_the_reason(url: str, why: str) -> None:
    error = refused(url)
    assert isinstance(error, RefusedAddress)
    assert isinstance(error, DeliveryError)
    assert why in error.answer
    assert (error.code, error.permanent, error.retire) == ("refused address", True, False)


def test_a_server_on_this_machine_hears_nothing_from_others() -> None:
    with HttpServer() as server:
        refused(f"https://{server.authority}/")
        refused(f"http://localhost:{server.port}/")
        assert server.connections == 0


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["2001:4860:4860::8888", "::1"]]
)
def test_one_bad_address_of_a_host_is_enough(addresses: list[str]) -> None:
    error = refused("https://hooks.example/", resolve=leading_to(*addresses))
    assert isinstance(error, RefusedAddress)
    assert error.answer.endswith("is a loopback address")


def test_an_operators_mistake_is_for_them_to_mend() -> None:
    error = refused("https://user@gateway/", is_trusted=True)
    assert (error.code, error.permanent) == ("refused address", False)


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(settings: Settings) -> None:
    with HttpServer() as looked_at, HttpServer(host="127.0.0.2") as later:
        settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1/32"]
        answers = iter(
            [leading_to("127.0.0.1", port=looked_at.port), leading_to("127.0.0.2", port=later.port)]
        )
        asked = []

        def resolve(host: str, port: int, **options: Any) -> Any:
            asked.append((host, port))
            return next(answers)(host, port)

        answer = send("http://hooks.example:8000/", is_trusted=False, resolve=resolve)
        assert answer.status == 200
        assert asked == [("hooks.example", 8000)]
        assert looked_at.requests[0].headers["host"] == "hooks.example:8000"
        assert later.connections == 0


def test_a_name_that_leads_elsewhere_later_was_refused_before(settings: Settings) -> None:
    with HttpServer() as private:
        settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["127.0.0.2/32"]
        resolve = leading_to("127.0.0.1", port=private.port)
        assert isinstance(refused("http://hooks.example:8000/", resolve=resolve), RefusedAddress)
        assert private.connections == 0


def test_a_permitted_host_is_reached(settings: Settings) -> None:
    with HttpServer() as server:
        settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = [server.authority]
        assert send(server.url, is_trusted=False).status == 200


def test_the_next_address_is_tried_if_nobody_is_at_the_first() -> None:
    with HttpServer() as server:
        resolve = leading_to("127.0.0.3", "127.0.0.1", port=server.port)
        assert send(f"http://hooks.example:{server.port}/", resolve=resolve).status == 200


def test_nobody_there_is_for_now() -> None:
    error = refused(f"http://127.0.0.1:{free_port()}/", is_trusted=True)
    assert isinstance(error, NoConnection)
    assert (error.code, error.permanent) == ("connection", False)
    assert error.answer.startswith("ConnectionRefusedError: ")


def test_a_name_that_is_not_known_is_for_now() -> None:
    def resolve(host: str, port: int, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    error = refused("https://hooks.example/", resolve=resolve)
    assert isinstance(error, NoConnection)
    assert "Name or service not known" in error.answer
    assert isinstance(refused("https://hooks.example/", resolve=leading_to()), NoConnection)


def certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's side of TLS with a certificate for a name, and that of a client who trusts it."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Both sides of TLS for hooks.example."""
    return certified("hooks.example", tmp_path)


def test_the_certificate_is_of_the_name_though_an_address_is_connected_to(
    tls: tuple[ssl.SSLContext, ssl.SSLContext], settings: Settings
) -> None:
    asked: list[str | None] = []
    tls[0].sni_callback = lambda connection, name, context: asked.append(name)
    with HttpServer(tls=tls[0]) as server:
        settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["127.0.0.0/8"]
        resolve = leading_to("127.0.0.1", port=server.port)
        answer = send("https://hooks.example/hook", is_trusted=False, resolve=resolve, trust=tls[1])
        (request,) = server.requests
    assert (answer.status, request.path, request.headers["host"]) == (200, "/hook", "hooks.example")
    assert asked == ["hooks.example"]


def test_a_certificate_for_another_name_is_not_trusted(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    with HttpServer(tls=tls[0]) as server:
        resolve = leading_to("127.0.0.1", port=server.port)
        error = refused("https://other.example/", is_trusted=True, resolve=resolve, trust=tls[1])
        assert server.requests == []
    assert isinstance(error, NoConnection)
    assert "other.example" in error.answer


def test_a_certificate_that_nobody_knows_is_not_trusted(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    with HttpServer(tls=tls[0]) as server:
        resolve = leading_to("127.0.0.1", port=server.port)
        error = refused("https://hooks.example/", is_trusted=True, resolve=resolve)
        assert server.requests == []
    assert isinstance(error, NoConnection)
    assert error.answer.startswith("SSLCertVerificationError: ")
