"""Where the page is, and the far ends."""

from django.urls import path

from project.tryit import receivers, views

app_name = "tryit"
urlpatterns = [
    path("", views.index, name="index"),
    path("now/", views.now, name="now"),
    path("stop/<str:channel>/", views.stop, name="stop"),
    # NOTIFICATION_SERVICE_URL ends before the last part of it.
    path("gateway/notifications", receivers.gateway, name="gateway"),
    path("hook/<str:name>/", receivers.hook, name="hook"),
    path("<str:name>/create/", views.create, name="create"),
    path("<str:name>/rename/", views.rename, name="rename"),
    path("<str:name>/describe/", views.describe, name="describe"),
    path("<str:name>/mute/", views.mute, name="mute"),
    path("<str:name>/digest/", views.digest, name="digest"),
    path("<str:name>/read/", views.read, name="read"),
    path("<str:name>/why/<int:pk>/", views.why, name="why"),
    path("<str:name>/mail/<str:key>/", views.mail, name="mail"),
]
