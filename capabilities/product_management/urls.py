"""The pages of products."""

from django.urls import path

from capabilities.product_management import views

app_name = "products"

urlpatterns = [
    path("products/", views.index, name="index"),
    path("products/new/", views.create, name="create"),
    path("products/<int:pk>/", views.detail, name="detail"),
    path("products/<int:pk>/edit/", views.edit, name="edit"),
]
