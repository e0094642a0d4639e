"""Forms in another charset than UTF-8."""

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

BODY = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\n+2AA-\r\n--x--\r\n'
CHARSETS = [("utf-7", 400), ("latin-1", 400), ("UTF-8", 200), ("utf8", 200)]


@pytest.mark.django_db
@pytest.mark.parametrize(("charset", "status"), CHARSETS)
def test_only_utf_8_is_read(client: Client, charset: str, status: int) -> None:
    answer = client.post("/login/", BODY, content_type=f"multipart/form-data; boundary=x; charset={charset}")
    assert answer.status_code == status


def test_the_same_holds_under_asgi() -> None:
    kind = "multipart/form-data; boundary=x; charset=utf-7"
    answer = async_to_sync(AsyncClient().post)("/login/", BODY, content_type=kind)
    assert (answer.status_code, answer.content) == (400, b"Send it in UTF-8.")
