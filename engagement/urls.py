"""The pages of a person; include them where you like."""

from django.urls import path

from engagement.inbox_acts import Act
from engagement.views import (
    activity,
    devices,
    digest,
    endpoints,
    inbox,
    inbox_acts,
    mutes,
    notifications_api,
    preferences,
    settings,
    stream,
    unsubscribe,
)

app_name = "engagement"

urlpatterns = [
    path("", inbox.show, name="inbox"),
    path("rows/", inbox.show_rows, name="rows"),
    path("read/", inbox_acts.read_all, name="read-all"),
    path("archive-read/", inbox_acts.archive_read, name="archive-read"),
    path("seen/", inbox_acts.seen, name="seen"),
    path("undo/", inbox_acts.undo, name="undo"),
    path("chosen/<str:name>/", inbox_acts.act_on_chosen, name="chosen"),
    path("<int:pk>/open/", inbox_acts.open_, name="open"),
    path("<int:pk>/read/", inbox_acts.act_on_one, {"verb": Act.READ}, name="read"),
    path("<int:pk>/unread/", inbox_acts.act_on_one, {"verb": Act.UNREAD}, name="unread"),
    path("<int:pk>/archive/", inbox_acts.act_on_one, {"verb": Act.ARCHIVE}, name="archive"),
    path("<int:pk>/unarchive/", inbox_acts.act_on_one, {"verb": Act.UNARCHIVE}, name="unarchive"),
    path("<int:pk>/why/", activity.why, name="why"),
    path("<int:pk>/mute/", mutes.mute, name="mute"),
    path("unmute/", mutes.unmute, name="unmute"),
    path("activity/", activity.show, name="activity"),
    path("activity/event/<uuid:event_id>/", activity.event, name="event"),
    path("activity/<int:pk>/", activity.outcome, name="outcome"),
    path("digest/<int:pk>/", digest.show, name="digest"),
    path("preferences/", preferences.show, name="preferences"),
    path("preferences/choices/", preferences.choose, name="choose"),
    path("preferences/settings/", settings.settings, name="settings"),
    path("preferences/muted/", mutes.show, name="muted"),
    path("endpoints/", endpoints.show, name="endpoints"),
    path("endpoints/add/", endpoints.add, name="endpoint-add"),
    path("endpoints/<int:pk>/verify/", endpoints.verify, name="endpoint-verify"),
    path("endpoints/<int:pk>/code/", endpoints.code, name="endpoint-code"),
    path("endpoints/<int:pk>/remove/", endpoints.remove, name="endpoint-remove"),
    path("endpoints/<int:pk>/secret/", endpoints.secret, name="endpoint-secret"),
    path("endpoints/<int:pk>/test/", endpoints.test, name="endpoint-test"),
    path("endpoints/<int:pk>/rename/", endpoints.rename, name="endpoint-rename"),
    # For apps: JSON.
    path("devices/", devices.devices, name="devices"),
    path("devices/<int:pk>/", devices.device, name="device"),
    # Live, and for pages that embed the inbox: server-sent events, and JSON.
    path("stream/", stream.show, name="stream"),
    path("api/", notifications_api.notifications, name="api"),
    path("api/<int:pk>/", notifications_api.notification, name="api-notification"),
    path("api/read-all/", notifications_api.read_all, name="api-read-all"),
    path("api/badge/", notifications_api.badge, name="api-badge"),
    # Short: mail programs break long lines.
    path("u/<str:token>/", unsubscribe.show, name="unsubscribe"),
]
