"""What is taken from Google's SDK that it does not promise to have: if a newer version lacks it, this says so."""

import firebase_admin
from firebase_admin import _http_client, messaging
from pytest_django import Settings
from requests.adapters import HTTPAdapter

from engagement.push.google import AskOnce, lines
from tests.fcm import PROJECT, FcmServer


def test_the_address_of_fcm_is_where_the_tests_change_it() -> None:
    assert messaging._MessagingService.FCM_URL == "https://fcm.googleapis.com/v1/projects/{0}/messages:send"


def test_the_address_of_fcm_is_made_of_it(fcm: FcmServer) -> None:
    service = messaging._get_messaging_service(lines.line()._app)
    assert service._fcm_url == f"{fcm.url}/v1/projects/{PROJECT}/messages:send"


def test_the_session_of_the_sdk_is_ours_and_tries_everything_once(fcm: FcmServer) -> None:
    client = messaging._get_messaging_service(lines.line()._app)._client
    assert isinstance(client, _http_client.JsonHttpClient)
    assert client.session.max_redirects == 0
    for url in ("https://fcm.googleapis.com/v1", "https://oauth2.googleapis.com", "http://localhost"):
        adapter = client.session.get_adapter(url)
        assert isinstance(adapter, HTTPAdapter)
        retries = adapter.max_retries
        assert (retries.total, retries.connect, retries.read, retries.redirect, retries.status) == (
            0,
            0,
            0,
            0,
            0,
        )


def test_the_app_is_not_in_the_way_of_the_projects_own(fcm: FcmServer) -> None:
    name = lines.line()._app.name
    assert name.startswith("carillon-")
    assert firebase_admin._DEFAULT_APP_NAME not in firebase_admin._apps


def test_a_line_that_nobody_uses_any_more_is_closed(fcm: FcmServer, settings: Settings) -> None:
    name = lines.line()._app.name
    assert name in firebase_admin._apps
    lines.close()
    assert name not in firebase_admin._apps


def test_one_line_is_kept_as_long_as_the_setting_is_the_same(fcm: FcmServer, settings: Settings) -> None:
    line = lines.line()
    assert lines.line() is line
    settings.ENGAGEMENT_FCM_CREDENTIALS = fcm.account(client_email="other@kites.example")
    assert lines.line() is not line


def test_access_tokens_are_asked_for_once(fcm: FcmServer) -> None:
    session = messaging._get_messaging_service(lines.line()._app)._client.session
    assert isinstance(session._auth_request.func, AskOnce)
    assert session._max_refresh_attempts == 0 or session._refresh_status_codes == ()
