"""The pages of products."""

from copy import copy
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from capabilities.people.models import Person
from capabilities.product_management.forms import NewProductForm, ProductForm
from capabilities.product_management.models import Product
from capabilities.product_management.services import ProductManagementService

LISTED = 100


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the newest products."""
    products = Product.objects.select_related("organisation", "person").order_by("-id")[:LISTED]
    return render(request, "product_management/index.html", {"products": products})


@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a product."""
    product = get_object_or_404(Product.objects.select_related("organisation", "person"), pk=pk)
    can_edit = ProductManagementService.can_edit(product, _person(request))
    return render(request, "product_management/detail.html", {"product": product, "can_edit": can_edit})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Create a product; the organisation's managers are notified."""
    person = _person(request)
    form = NewProductForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        product = ProductManagementService.create_product(
            form.cleaned_data, person, form.cleaned_data["owner"]
        )
        messages.success(request, _live(product))
        return redirect(product)
    return render(request, "product_management/form.html", {"form": form}, status=_status(form))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a product; its managers are notified."""
    person, product = _person(request), get_object_or_404(Product, pk=pk)
    if not ProductManagementService.can_edit(product, person):
        raise PermissionDenied
    # A copy: validation writes into the instance, and the page shows the product as it is.
    form = ProductForm(request.POST or None, instance=copy(product))
    if request.method == "POST" and form.is_valid():
        ProductManagementService.update_product(product, form.cleaned_data, person)
        messages.success(request, _("Saved."))
        return redirect(product)
    return render(
        request, "product_management/form.html", {"form": form, "product": product}, status=_status(form)
    )


def _live(product: Product) -> str:
    """Say that it worked; only an organisation's product has others to notify."""
    told = _("%(name)s is live. Its managers are being notified.")
    return (told if product.organisation else _("%(name)s is live.")) % {"name": product}


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


def _status(form: ProductForm) -> int:
    return 422 if form.errors else 200
