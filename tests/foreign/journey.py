"""From publish to the inbox page and the mail, in the foreign project; run as a program of its own."""

from datetime import timedelta
from urllib.parse import urlsplit

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from engagement.live.look import look  # noqa: E402
from engagement.live.wanted import Wanted  # noqa: E402
from engagement.models import (  # noqa: E402
    AppNotification,
    AppNotificationTemplate,
    Delivery,
    NotifiableEvent,
    NotificationTemplate,
)
from events.bus import event_bus  # noqa: E402
from events.drain import drain  # noqa: E402
from events.models import EventLog  # noqa: E402
from tests.foreign.shop.models import Leaflet  # noqa: E402
from tests.smtp import SmtpServer  # noqa: E402

call_command("makemigrations", check=True, dry_run=True, verbosity=0)
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0, run_syncdb=True)

User = get_user_model()
fields = {"username": "bea"} if User.USERNAME_FIELD == "username" else {}
buyer = User._default_manager.create(email="bea@shop.example", **fields)
event_bus.publish("kite.sold", {"buyer": str(buyer.pk)}, about=buyer)
event_bus.publish("kite.sold", {"buyer": str(buyer.pk)}, actor=buyer)
assert drain() == 2, "both runs"
assert EventLog.objects.done().count() == 2

created, own_act = NotifiableEvent.objects.order_by("id")
outcomes = [each.outcomes for each in (created, own_act)]
skipped = {"app": "skipped: own act", "email": "skipped: own act"}
assert outcomes == [{"app": "created: default", "email": "planned: default"}, skipped], outcomes
notification = AppNotification.objects.get()
assert notification.title == f"{buyer.get_username()}, your kite is on its way", notification.title

with SmtpServer() as server, override_settings(**server.settings()):
    assert drain("delivery") == 1
(mail,) = server.received
assert (mail.sender, mail.recipients) == ("hello@shop.example", ["bea@shop.example"]), mail
assert mail.message["Subject"] == notification.title, mail.message["Subject"]
assert mail.message_id.endswith("@shop.example>"), mail.message_id
assert "https://shop.example/notifications/" in mail.text(), mail.text()
assert "The kite shop" in mail.text("html"), mail.text("html")
assert Delivery.objects.get().state == "succeeded"
unsubscribe = urlsplit(mail.message["List-Unsubscribe"].strip("<>"))
assert unsubscribe.netloc == "shop.example"
assert Client(enforce_csrf_checks=True).get(unsubscribe.path).status_code == 200
one_click = {"List-Unsubscribe": "One-Click"}
assert Client(enforce_csrf_checks=True).post(unsubscribe.path, one_click).status_code == 200
event_bus.publish("kite.sold", {"buyer": str(buyer.pk)}, about=buyer)
assert drain() == 1
unsubscribed = NotifiableEvent.objects.latest("id").outcomes
chosen = "choice for this category"
assert unsubscribed == {"app": f"created: {chosen}", "email": f"skipped: {chosen}"}, unsubscribed
call_command("doctor", verbosity=0)

client = Client()
client.force_login(buyer, backend="django.contrib.auth.backends.ModelBackend")
page = client.get("/notifications/")
assert page.status_code == 200, page
assert b"your kite is on its way" in page.content
kites = client.get("/kites/").content.decode()
assert '<a class="bell" href="/notifications/">' in kites, kites
assert 'aria-label="2 unread">2</span>' in kites, kites
assert "data-bell" not in Client().get("/kites/").content.decode()
listed = client.get("/notifications/api/").json()["notifications"]
assert listed[-1]["why_url"] == f"/notifications/{notification.pk}/why/", listed
assert client.get("/notifications/stream/").status_code == 501
key = str(buyer.pk)
seen_live = look(Wanted(states={key}, batches=[(created.pk, created.pk)]), [key])[key]
assert (seen_live.badge, seen_live.state) == ("2", listed), seen_live
assert [row["id"] for row in seen_live.upsert] == [notification.pk], seen_live
assert client.post(f"/notifications/{notification.pk}/open/").status_code == 302
notification.refresh_from_db()
assert notification.is_read
why = client.get(f"/notifications/{notification.pk}/why/")
assert b"You have not chosen, and it is the default." in why.content, why
assert client.get("/notifications/activity/").content.count(b"/notifications/activity/") >= 3
choice = {"category": "shop", "category-shop": "none"}
assert client.post("/notifications/preferences/choices/", choice).status_code == 302
assert b"saved" in client.get("/notifications/preferences/").content
assert client.post(f"/notifications/{notification.pk}/mute/", {"until": "ever"}).status_code == 302
assert b"Unmute" in client.get("/notifications/").content

today = timezone.now()
for days in (-1, 1):
    Leaflet._default_manager.create(delete_at=today + timedelta(days=days))
written = AppNotificationTemplate(
    event_type="kite.sold", language="en", title_template="{{ person }}, it flies"
)
written._history_user = buyer  # type: ignore[attr-defined]  # as the library has it
written.save()
assert NotificationTemplate.history.get().history_user == buyer
call_command("clean_up")
assert Leaflet._default_manager.get().delete_at > today
print("arrived")  # noqa: T201 - the test looks for it
