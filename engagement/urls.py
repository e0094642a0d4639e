"""The pages of a person; include them where you like."""

from django.urls import path

from engagement.views import activity, digest, inbox, mutes, preferences, unsubscribe

app_name = "engagement"

urlpatterns = [
    path("", inbox.show, name="inbox"),
    path("read/", inbox.read_all, name="read-all"),
    path("<int:pk>/open/", inbox.open_, name="open"),
    path("<int:pk>/read/", inbox.read, name="read"),
    path("<int:pk>/unread/", inbox.unread, name="unread"),
    path("<int:pk>/why/", activity.why, name="why"),
    path("<int:pk>/mute/", mutes.mute, name="mute"),
    path("unmute/", mutes.unmute, name="unmute"),
    path("activity/", activity.show, name="activity"),
    path("activity/event/<uuid:event_id>/", activity.event, name="event"),
    path("activity/<int:pk>/", activity.outcome, name="outcome"),
    path("digest/<int:pk>/", digest.show, name="digest"),
    path("preferences/", preferences.show, name="preferences"),
    path("preferences/choices/", preferences.choose, name="choose"),
    path("preferences/settings/", preferences.set_, name="settings"),
    # Short: mail programs break long lines.
    path("u/<str:token>/", unsubscribe.show, name="unsubscribe"),
]
