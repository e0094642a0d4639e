"""What a provider's webhook was told, through the real view of django-anymail."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, tracking  # type: ignore[import-untyped]
from django.test import Client, override_settings
from django.urls import include, path
from pytest_django import Settings

from capabilities.people.models import Person
from engagement import anymail_signals
from engagement.anymail_signals import kind_of
from engagement.models import Cause, Delivery, Suppression
from engagement.models.delivery_states import Feedback
from tests.engagement.mails import mail_to
from tests.urls import urlpatterns as pages

pytestmark = pytest.mark.django_db

SECRET = "postmark:open-sesame"
PLACE = "/anymail/postmark/tracking/"
#: What Postmark calls the mail.
PROVIDER_ID = "883953f4-6105-42a2-a16a-77a8eac79483"

urlpatterns = [*pages, path("anymail/", include("anymail.urls"))]

BOUNCE = {
    "RecordType": "Bounce",
    "MessageStream": "outbound",
    "ID": 4323372036854775807,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "ServerID": 23,
    "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
    "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
    "From": "carillon@carillon.example",
    "BouncedAt": "2026-11-05T16:33:54.9070259Z",
    "DumpAvailable": True,
    "Inactive": True,
    "CanActivate": True,
    "Subject": "Kite was told",
}
SOFT_BOUNCE = BOUNCE | {
    "Type": "SoftBounce",
    "TypeCode": 4096,
    "Name": "Soft bounce",
    "Description": "Unable to temporarily deliver message (i.e. mailbox full, account disabled, exceeds quota).",
    "Details": "smtp;552 5.2.2 mailbox full",
    "Inactive": False,
}
TRANSIENT = BOUNCE | {"Type": "Transient", "TypeCode": 2, "Name": "Message delayed"}
SPAM_COMPLAINT = BOUNCE | {
    "RecordType": "SpamComplaint",
    "Type": "SpamComplaint",
    "TypeCode": 512,
    "Name": "Spam complaint",
    "Description": "The subscriber explicitly marked this message as spam.",
    "Details": "Test spam complaint details",
}
DELIVERY = {
    "RecordType": "Delivery",
    "MessageStream": "outbound",
    "ServerID": 23,
    "DeliveredAt": "2026-11-05T16:33:54.9070259Z",
    "Details": "smtp;250 2.0.0 OK",
}
SUBSCRIPTION_CHANGE = {
    "RecordType": "SubscriptionChange",
    "ServerID": 23,
    "MessageStream": "outbound",
    "ChangedAt": "2026-11-05T16:33:54.9070259Z",
    "Origin": "Recipient",
    "SuppressSending": True,
    "SuppressionReason": "ManualSuppression",
}


@pytest.fixture(autouse=True)
def anymail(settings: Settings) -> Iterator[None]:
    """Install it, with its webhooks; Postmark calls them with the secret."""
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    settings.ROOT_URLCONF = __name__
    anymail_signals.connect()
    yield
    tracking.disconnect(dispatch_uid="engagement")


@pytest.fixture
def mail(alice: Person) -> Delivery:
    return mail_to(alice, provider_id=PROVIDER_ID)


def body(mail: Delivery, signal: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return what Postmark tells of this mail."""
    address = "Email" if "BouncedAt" in signal else "Recipient"
    known = {address: mail.endpoint, "MessageID": PROVIDER_ID, "Metadata": {"message_id": mail.message_id}}
    return signal | known | fields


def post(told: dict[str, Any], secret: str = SECRET) -> int:
    """Tell it; return the status of the answer."""
    authorization = f"Basic {b64encode(secret.encode()).decode()}"
    client = Client(raise_request_exception=False)
    answer = client.post(
        PLACE, json.dumps(told), "application/json", headers={"authorization": authorization}
    )
    return answer.status_code


def feedback_of(mail: Delivery) -> str:
    return Delivery.objects.get(pk=mail.pk).feedback


@pytest.mark.parametrize(
    ("signal", "feedback", "causes"),
    [
        (BOUNCE, Feedback.BOUNCED, [Cause.BOUNCE]),
        (SOFT_BOUNCE, Feedback.FAILED, []),
        (TRANSIENT, Feedback.NONE, []),
        (SPAM_COMPLAINT, Feedback.COMPLAINED, [Cause.COMPLAINT]),
        (DELIVERY, Feedback.DELIVERED, []),
        (SUBSCRIPTION_CHANGE | {"SuppressionReason": "HardBounce"}, Feedback.BOUNCED, [Cause.BOUNCE]),
        (
            SUBSCRIPTION_CHANGE | {"SuppressionReason": "SpamComplaint"},
            Feedback.COMPLAINED,
            [Cause.COMPLAINT],
        ),
        (SUBSCRIPTION_CHANGE | {"SuppressSending": False, "SuppressionReason": None}, Feedback.NONE, []),
        ({"RecordType": "Open", "ReceivedAt": "2026-11-05T16:33:54Z"}, Feedback.NONE, []),
        ({"RecordType": "SomethingNew"}, Feedback.NONE, []),
    ],
)
def test_what_postmark_tells_is_noted(
    mail: Delivery, signal: dict[str, Any], feedback: Feedback, causes: list[Cause]
) -> None:
    assert post(body(mail, signal)) == 200
    assert feedback_of(mail) == feedback
    assert list(Suppression.objects.values_list("endpoint", "cause")) == [
        (mail.endpoint, each) for each in causes
    ]


def test_a_full_mailbox_that_is_gone_later_is_written_to_no_more(mail: Delivery) -> None:
    assert post(body(mail, SOFT_BOUNCE)) == 200
    assert post(body(mail, BOUNCE)) == 200
    assert feedback_of(mail) == Feedback.BOUNCED
    assert Suppression.objects.get().endpoint == mail.endpoint


def test_what_the_far_end_said_is_the_reason(mail: Delivery) -> None:
    post(body(mail, BOUNCE))
    assert Suppression.objects.get().reason == BOUNCE["Details"]


def test_who_unsubscribes_at_the_provider_is_unsubscribed_here(mail: Delivery) -> None:
    assert post(body(mail, SUBSCRIPTION_CHANGE)) == 200
    assert feedback_of(mail) == Feedback.UNSUBSCRIBED


def test_a_mail_is_known_by_the_providers_id_where_the_metadata_are_lost(mail: Delivery) -> None:
    assert post(body(mail, BOUNCE, Metadata={})) == 200
    assert feedback_of(mail) == Feedback.BOUNCED


@pytest.mark.parametrize("secret", ["postmark:wrong", ""])
def test_a_wrong_secret_is_refused_and_nothing_changes(mail: Delivery, secret: str) -> None:
    assert post(body(mail, BOUNCE), secret) == 400
    assert feedback_of(mail) == Feedback.NONE
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("metadata", [{}, {"message_id": "<1@somebody.else.example>"}, {"message_id": None}])
def test_of_a_mail_of_another_system_at_the_same_provider_nothing_is_noted(
    mail: Delivery, metadata: dict[str, Any]
) -> None:
    assert post(body(mail, BOUNCE, MessageID="another", Metadata=metadata)) == 200
    assert feedback_of(mail) == Feedback.NONE
    assert not Suppression.objects.exists()


def test_what_fails_here_is_told_again(mail: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("engagement.feedback.suppress", lambda *args: 1 / 0)
        assert post(body(mail, BOUNCE)) == 500
    assert post(body(mail, BOUNCE)) == 200
    assert feedback_of(mail) == Feedback.BOUNCED
    assert Suppression.objects.count() == 1


def test_it_listens_if_anymail_is_installed(settings: Settings) -> None:
    tracking.disconnect(dispatch_uid="engagement")
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "anymail"]):
        assert tracking.has_listeners()


@pytest.mark.parametrize(
    ("event_type", "reason", "kind"),
    [
        ("delivered", None, "delivered"),
        ("bounced", "bounced", "bounced"),
        ("bounced", "invalid", "bounced"),
        ("bounced", None, "bounced"),
        ("bounced", "timed_out", "failed"),
        ("bounced", "blocked", "failed"),
        ("bounced", "spam", "failed"),
        ("bounced", "other", "failed"),
        ("rejected", "bounced", "bounced"),
        ("rejected", "invalid", "bounced"),
        ("rejected", "spam", "complained"),
        ("rejected", "unsubscribed", "unsubscribed"),
        ("rejected", "timed_out", "failed"),
        ("rejected", "blocked", "failed"),
        ("rejected", "other", "failed"),
        ("rejected", None, "failed"),
        ("failed", None, "failed"),
        ("complained", "spam", "complained"),
        ("unsubscribed", None, "unsubscribed"),
        *(
            (each, None, None)
            for each in ("queued", "sent", "deferred", "autoresponded", "opened", "clicked")
        ),
        *((each, None, None) for each in ("subscribed", "unknown", "")),
    ],
)
def test_every_event_means_something_or_nothing(
    event_type: str, reason: str | None, kind: str | None
) -> None:
    assert kind_of(AnymailTrackingEvent(event_type=event_type, timestamp=None, reject_reason=reason)) == kind


@pytest.mark.parametrize(
    ("fields", "is_soft"),
    [
        ({"esp_event": {"event": "soft_bounce"}}, True),
        ({"esp_event": {"event": "hard_bounce"}}, False),
        ({"esp_event": {"type": "activity.soft_bounced"}}, True),
        ({"esp_event": {"event": "bounce", "type": "blocked"}}, True),
        ({"esp_event": {"event": "bounce", "hard_bounce": False}}, True),
        ({"esp_event": {"event": "bounce", "hard_bounce": True}}, False),
        ({"description": "Transient: MailboxFull"}, True),
        ({"description": "Permanent: General"}, False),
        ({"mta_response": "smtp; 452 4.2.2 mailbox full"}, True),
        ({"mta_response": "4.2.2 (in reply to RCPT)"}, True),
        ({"mta_response": "550-5.1.1 no such user, says 4.5.6.7 [1.2.3.4], 451"}, False),
        ({"mta_response": "10.4.2.2 said: 550. Gone"}, False),
        ({"mta_response": "gone", "esp_event": "not a dict"}, False),
        ({}, False),
    ],
)
def test_a_full_mailbox_is_no_reason_to_write_no_more(fields: dict[str, Any], is_soft: bool) -> None:
    event = AnymailTrackingEvent(
        **{"event_type": "bounced", "timestamp": None, "reject_reason": "bounced"} | fields
    )
    assert kind_of(event) == ("failed" if is_soft else "bounced")


@pytest.mark.parametrize("provider_id", ["77", 77])
def test_a_provider_without_metadata_tells_its_own_id_be_it_a_number(alice: Person, provider_id: Any) -> None:
    mail = mail_to(alice, provider_id="77")
    told = {"event_type": "bounced", "timestamp": None, "metadata": None, "message_id": provider_id}
    tracking.send(sender=None, event=AnymailTrackingEvent(**told), esp_name="Postal")
    assert feedback_of(mail) == Feedback.BOUNCED
