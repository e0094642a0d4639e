"""The pages of the inbox; include them where you like."""

from django.urls import path

from engagement import views

app_name = "engagement"

urlpatterns = [
    path("", views.show, name="inbox"),
    path("read/", views.read_all, name="read-all"),
    path("<int:pk>/open/", views.open_, name="open"),
    path("<int:pk>/read/", views.read, name="read"),
    path("<int:pk>/unread/", views.unread, name="unread"),
]
