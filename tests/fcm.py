"""A fake of Google, in threads of the test: gives access tokens for what is signed as it should be, and takes messages.

Google's own SDK talks to it, by HTTP. Only the address to which messages are sent has to be given to it by force.
"""

import itertools
import json
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from firebase_admin import messaging

PROJECT = "kites"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: For whom an assertion is, wherever it is sent.
AUDIENCE = "https://oauth2.googleapis.com/token"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
#: google.rpc.Code by HTTP status.
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a message."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(
    status: int, code: str = "", message: str = "No.", *, fields: tuple[str, ...] = (), **headers: str
) -> Answer:
    """Return an error as FCM writes it; `fields` are those that are invalid, `headers` are like Retry_After."""
    details: list[dict[str, Any]] = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    if fields:
        violations = [{"field": each, "description": "Invalid value"} for each in fields]
        details.append({"@type": BAD_REQUEST, "fieldViolations": violations})
    error = {"code": status, "message": message, "status": STATUS[status], "details": details}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps({"error": error}).encode(), named)


@dataclass(frozen=True, slots=True)
class Posted:
    """A request for a message."""

    raw: bytes
    #: By name in lower case.
    headers: Mapping[str, str]
    #: The client's port, which tells connections apart.
    port: int

    @property
    def message(self) -> dict[str, Any]:
        """The message in it."""
        found: dict[str, Any] = json.loads(self.raw)["message"]
        return found

    @property
    def device(self) -> str:
        """For whom it is."""
        return str(self.message.get("token") or self.message["fid"])


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        """Answer to either kind of request."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self._answer(content)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def _answer(self, content: bytes) -> Answer | None:
        if self.path == "/token":
            return self.server.fcm.grant(content)
        posted = Posted(
            content, {name.lower(): value for name, value in self.headers.items()}, self.client_address[1]
        )
        return self.server.fcm.take(self.path, posted)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """Remembers its connections, so that they can be closed."""

    daemon_threads = True

    def __init__(self, fcm: "FcmServer", port: int) -> None:
        self.fcm = fcm
        self.open: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: somebody hung up."""

    def hang_up(self) -> None:
        """End every connection."""
        for each in self.open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended


@dataclass
class FcmServer:
    """Listens between entering and leaving. What it shall answer can be changed at any time.

    with FcmServer() as fcm:
        settings.ENGAGEMENT_FCM_CREDENTIALS = fcm.account()
        fcm.answers["token of a device"] = refusal(404, "UNREGISTERED")
    """

    #: What it says, by token or id of the device; anything else is taken.
    answers: dict[str, Answer] = field(default_factory=dict)
    #: What it says to whoever wants an access token, instead of giving one.
    at_token: Answer | None = None
    #: So many seconds it thinks about each message, and each access token.
    delay: float = 0.0
    #: Hangs up on a message without a word.
    drops: bool = False
    #: How long an access token is good, in seconds.
    lifetime: int = 3600

    posted: list[Posted] = field(default_factory=list)
    #: What was said by whoever wanted an access token, when the signature was good.
    claims: list[dict[str, Any]] = field(default_factory=list)
    #: How often one was wanted.
    asked: int = 0
    tokens: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._numbers = itertools.count(1)
        self._server = _Server(self, 0)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="fcm", daemon=True
        )
        self._thread.start()
        # Here, and nowhere else, is the address that the SDK keeps to itself; test_google guards its name.
        self._theirs = messaging._MessagingService.FCM_URL
        messaging._MessagingService.FCM_URL = f"{self.url}/v1/projects/{{0}}/messages:send"
        return self

    def __exit__(self, *_: object) -> None:
        messaging._MessagingService.FCM_URL = self._theirs
        self.stop()

    @property
    def url(self) -> str:
        """The address of both services."""
        return f"http://127.0.0.1:{self.port}"

    def account(self, **fields: str) -> dict[str, str]:
        """Return a service account that it knows, with some fields changed."""
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": private_key(),
            "client_email": f"carillon@{PROJECT}.iam.gserviceaccount.com",
            "token_uri": f"{self.url}/token",
        } | fields

    def stop(self) -> None:
        """Hang up on everybody, and listen no more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.hang_up()
            self._server.server_close()

    def to(self, device: str) -> list[Posted]:
        """Return what came for a device."""
        return [each for each in list(self.posted) if each.device == device]

    def grant(self, content: bytes) -> Answer:
        """Give an access token for an assertion that is signed with the key of the account (RFC 7523)."""
        self.asked += 1
        time.sleep(self.delay)
        if self.at_token:
            return self.at_token
        form = {name: values[0] for name, values in parse_qs(content.decode()).items()}
        try:
            assert form["grant_type"] == GRANT
            claims = jwt.decode(form["assertion"], key().public_key(), ["RS256"], audience=AUDIENCE)
        except jwt.InvalidTokenError as error:
            said = {"error": "invalid_grant", "error_description": f"Invalid JWT Signature: {error}"}
            return Answer(400, json.dumps(said).encode())
        self.claims.append(claims)
        token = secrets.token_urlsafe()
        self.tokens.add(token)
        granted = {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"}
        return Answer(200, json.dumps(granted).encode())

    def take(self, path: str, posted: Posted) -> Answer | None:
        """Take a message, or do not."""
        self.posted.append(posted)
        time.sleep(self.delay)
        if path != f"/v1/projects/{PROJECT}/messages:send":
            return Answer(404, b"")
        if self.drops:
            return None
        if posted.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return refusal(401, message="Request had invalid authentication credentials.")
        name = f"projects/{PROJECT}/messages/{next(self._numbers)}"
        return self.answers.get(posted.device) or Answer(200, json.dumps({"name": name}).encode())


@cache
def key() -> rsa.RSAPrivateKey:
    """Return the key of the account, made for this run of the tests."""
    return new_key()


def new_key() -> rsa.RSAPrivateKey:
    """Return a key that nobody knows."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_key(made: rsa.RSAPrivateKey | None = None) -> str:
    """Return a key as it is in the file of an account."""
    return (made or key()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
