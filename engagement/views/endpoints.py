"""The page of a person's devices, numbers and addresses: what is sent where, and what becomes of it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement import reached, registration, verification
from engagement.channels import Stored, channels
from engagement.models import Endpoint
from engagement.models.endpoint import LABEL_LENGTH, VALUE_LENGTH
from engagement.views.answer import changes_something, in_their_time
from engagement.views.parse import own_endpoint

PAGE = "engagement:endpoints"


class AddForm(forms.Form):
    """One endpoint on a channel on which people enter them."""

    value = forms.CharField(max_length=VALUE_LENGTH)
    label = forms.CharField(label=gettext_lazy("Name, if you like"), max_length=LABEL_LENGTH, required=False)

    def __init__(self, channel: Stored, data: Mapping[str, str] | None = None) -> None:
        super().__init__(data, auto_id=f"id_{channel.name}_%s", label_suffix="")
        self.channel = channel
        self.fields["value"].label = str(channel.endpoint_label)
        self.fields["value"].widget.attrs |= {"placeholder": channel.placeholder, "autocomplete": "off"}
        self.fields["label"].widget.attrs |= {"autocomplete": "off"}

    def add(self, person: Any) -> Endpoint | None:
        """Return the endpoint, which is the person's now; None if something is wrong, which the form says."""
        if not self.is_valid():
            return None
        try:
            return registration.add(person, self.channel.name, **self.cleaned_data)
        except ValidationError as error:
            self.add_error(None, error)
            return None


@login_required
@require_safe
@never_cache
@in_their_time
def show(request: HttpRequest) -> HttpResponse:
    """Show where the person is reached."""
    return _page(request)


@changes_something(PAGE)
@never_cache
@in_their_time
def add(request: HttpRequest) -> HttpResponse:
    """Add what was entered; a secret is shown by this answer and never again."""
    channel = channels().get(request.POST.get("channel", ""))
    if not isinstance(channel, Stored) or not channel.is_entered:
        messages.error(request, _("There is no such channel; nothing was added."))
        return redirect(PAGE)
    form = AddForm(channel, request.POST.dict())
    endpoint = form.add(request.user)
    if endpoint is None:
        return _page(request, form=form)
    if endpoint.secret and registration.is_new(endpoint):
        return _page(request, secret=(endpoint, endpoint.secret))
    if endpoint.verified_at is None:
        return _send_code(request, endpoint)
    messages.success(request, _("It is in use. What is sent to you on this channel goes there, too."))
    return _back_to(endpoint)


@changes_something(PAGE)
@in_their_time
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the code that was sent to an endpoint."""
    endpoint = own_endpoint(request, pk)
    proof = verification.verify(request.user, pk, request.POST.get("code", ""))
    if proof.is_verified:
        messages.success(request, _("Thank you: it is yours, and in use from now on."))
    elif proof.tries_left:
        said = ngettext(
            "That is not the code that was sent. You have one more try.",
            "That is not the code that was sent. You have %(tries)d more tries.",
            proof.tries_left,
        )
        messages.error(request, said % {"tries": proof.tries_left})
    else:
        messages.error(request, _("That code is not good any more. Have another sent."))
    return _back_to(endpoint)


@changes_something(PAGE)
@in_their_time
def code(request: HttpRequest, pk: int) -> HttpResponse:
    """Send another code."""
    return _send_code(request, own_endpoint(request, pk))


@changes_something(PAGE)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove an endpoint."""
    registration.drop(request.user, own_endpoint(request, pk).pk)
    messages.success(request, _("It is removed. Nothing is sent to it any more."))
    return redirect(PAGE)


@changes_something(PAGE)
@never_cache
@in_their_time
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new secret; it is shown by this answer and never again.

    The page says since when the secret is as it is, so that sending the form again does not make yet another.
    """
    endpoint = own_endpoint(request, pk)
    try:
        if request.POST.get("since", "") != registration.secret_since(endpoint):
            raise ValidationError(
                _("Its secret was changed meanwhile. If you have not seen it, make another.")
            )
        made = registration.rotate_secret(endpoint)
    except ValidationError as error:
        return _refused(request, endpoint, error)
    return _page(request, secret=(endpoint, made))


@changes_something(PAGE)
@in_their_time
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test."""
    endpoint = own_endpoint(request, pk)
    try:
        registration.send_test(endpoint)
    except ValidationError as error:
        return _refused(request, endpoint, error)
    messages.success(request, _("A test is on its way. Load this page again to see what became of it."))
    return _back_to(endpoint)


@changes_something(PAGE)
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Call an endpoint something else."""
    endpoint = own_endpoint(request, pk)
    try:
        registration.rename(request.user, endpoint.pk, request.POST.get("label", ""))
    except ValidationError as error:
        return _refused(request, endpoint, error)
    messages.success(request, _("Its name is changed."))
    return _back_to(endpoint)


def _send_code(request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    try:
        verification.send_code(endpoint)
    except ValidationError as error:
        return _refused(request, endpoint, error)
    messages.success(request, _("A code is on its way. Enter it here within ten minutes."))
    return _back_to(endpoint)


def _refused(request: HttpRequest, endpoint: Endpoint, error: ValidationError) -> HttpResponse:
    messages.error(request, " ".join(error.messages))
    return _back_to(endpoint)


def _back_to(endpoint: Endpoint) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse(PAGE)}#endpoint-{endpoint.pk}")


def _page(
    request: HttpRequest, *, form: AddForm | None = None, secret: tuple[Endpoint, str] | None = None
) -> HttpResponse:
    """Show the page, with a form as it was sent if something is wrong with it, or with a secret."""
    found = reached.cards(request.user)
    context = {
        "cards": [(card, _form(card, form)) for card in found],
        "secret": secret[1] if secret else "",
        "owner": _name(found, secret[0]) if secret else "",
    }
    return render(request, "engagement/endpoints.html", context, status=422 if form else 200)


def _form(card: reached.Card, sent: AddForm | None) -> AddForm | None:
    if not card.can_add:
        return None
    return sent if sent and sent.channel is card.channel else AddForm(card.channel)


def _name(found: list[reached.Card], endpoint: Endpoint) -> str:
    return next(
        (each.name for card in found for each in card.endpoints if each.endpoint.pk == endpoint.pk), ""
    )
