"""The inbox, where this project likes it, and a page of its own with the bell."""

from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("notifications/", include("engagement.urls")),
    path("kites/", TemplateView.as_view(template_name="shop/kites.html")),
]
