"""Wordings over a file's: written, tried, taken back."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import ChoiceField, Field
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from engagement.admin.history import history_page, key_of
from engagement.admin.wording_form import Key, WordingForm, wording_languages, wording_slugs
from engagement.admin.workbench import texts_of_the_file, workbench
from engagement.models import NotificationTemplate
from engagement.wording import in_file
from engagement.write import name_of

CHOICES = {"event_type": wording_slugs, "language": wording_languages}


@admin.register(NotificationTemplate)
class NotificationTemplateAdmin(admin.ModelAdmin):
    """The wordings that staff wrote; deleting one goes back to the file's text."""

    form = WordingForm
    list_display = ("event_type", "channel", "language", "title_template", "is_active")
    list_filter = ("channel", "language", "is_active")
    search_fields = ("event_type", "title_template")
    ordering = ("event_type", "channel", "language")
    fieldsets = (
        (None, {"fields": Key._fields}),
        (_("Text"), {"fields": ("title_template", "message_template", "is_active")}),
    )
    actions = ("delete_selected",)

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["engagement/wording.css"]}
        js: ClassVar[list[str]] = ["engagement/wording.js"]

    @admin.action(permissions=["delete"], description=_("Back to the file's text"))
    def delete_selected(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Delete those chosen, after a confirmation; Django's own action by its own name, which its page sends."""
        return delete_selected(self, request, queryset)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the text that people will read again, and ask."""
        row = self.get_object(request, unquote(object_id))
        found = in_file(row.event_type, row.channel, row.language) if row else None
        shown = {"title": _("Back to the file's text"), "default": found[1] if found else None}
        return super().delete_view(request, object_id, shown | (extra_context or {}))

    # The form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        """Offer the slugs and languages that there are."""
        if db_field.name not in CHOICES:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        initial = db_field.get_default() if db_field.has_default() else None
        choices = CHOICES[db_field.name]
        return ChoiceField(label=capfirst(db_field.verbose_name), choices=choices, initial=initial)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Tell the form who reads its preview, and whether to save."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.reader, form.only_preview = name_of(request.user), "_preview" in request.POST
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what the address says, and with the file's text if it says so."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return given | (texts_of_the_file(given) if given.get("start") == "file" else {})

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """Show what belongs to what is chosen around the form."""
        may_preview = self.has_change_permission(request, obj)
        if "_preview" in request.POST and not may_preview:
            raise PermissionDenied
        form = context["adminform"].form
        context["workbench"] = workbench(form, obj, self._preview_url(obj), may_preview=may_preview)
        context["may_preview"] = may_preview
        return super().render_change_form(request, context, add, change, form_url, obj)

    # Further pages

    def get_urls(self) -> list[URLPattern]:
        """Add the preview, and the history of what has no row any more."""
        view, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("preview/", view(self.preview_view), name=f"{name}_preview"),
            path("<int:pk>/preview/", view(self.preview_view), name=f"{name}_preview"),
            path("history/", view(self.history_of_key_view), name=f"{name}_history_of"),
            *super().get_urls(),
        ]

    def _preview_url(self, row: NotificationTemplate | None) -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_preview"
        return reverse(name, args=[row.pk] if row else [])

    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Return what is shown around the form for the texts sent, which are not saved."""
        row = get_object_or_404(NotificationTemplate, pk=pk) if pk else None
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
        form.only_preview = True
        form.is_valid()
        request.current_app = self.admin_site.name
        found = workbench(form, row, self._preview_url(row), may_preview=True)
        context = {"workbench": found, "form": form, "live": True, "may_preview": True, "opts": self.opts}
        return TemplateResponse(request, "engagement/admin/workbench.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show who changed this wording, or one for the same before it, from what to what."""
        return self._history(request, key_of(object_id))

    def history_of_key_view(self, request: HttpRequest) -> HttpResponse:
        """The same for a slug, channel and language, whether there is a row or not."""
        given = request.GET
        return self._history(request, Key(*(given.get(name, "").replace("\0", "") for name in Key._fields)))

    def _history(self, request: HttpRequest, key: Key) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), **history_page(key, request.GET.get("p"))}
        context |= {"opts": self.opts, "title": _("Changes of %s") % " · ".join(key)}
        return TemplateResponse(request, "engagement/admin/history.html", context)
