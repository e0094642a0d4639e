"""The inbox, where this project likes it."""

from django.urls import include, path

urlpatterns = [path("notifications/", include("engagement.urls"))]
