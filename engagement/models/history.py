"""Who changed a wording, when, and from what to what: django-simple-history, made to see the proxies too."""

from typing import Any

from django.db import models
from django.db.models.signals import post_delete, post_save, pre_delete
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class WordingHistory(HistoricalRecords):  # type: ignore[misc]  # the library is not typed
    """A row for each time that a wording was written, changed or deleted.

    Django announces a save under the class that was saved, and the library listens for one class only: what is saved
    as a proxy would leave no trace. Its own `inherit` would give each proxy a table of its own.
    """

    def __init__(self) -> None:
        super().__init__(
            verbose_name=_("change of a wording"),
            verbose_name_plural=_("changes of wordings"),
            # As here whatever the project's settings for the library are: the migration is the same for all.
            history_id_field=models.BigAutoField(),
            history_change_reason_field=models.CharField(max_length=100, null=True),
        )

    def finalize(self, sender: type[models.Model], **kwargs: Any) -> None:
        """Record the model as the library does, and its proxies into the same table."""
        if not (sender._meta.proxy and issubclass(sender, self.cls)):
            super().finalize(sender, **kwargs)
            return
        for signal, note in (
            (post_save, self.post_save),
            (pre_delete, self.pre_delete),
            (post_delete, self.post_delete),
        ):
            signal.connect(note, sender=sender, weak=False)
        sender._meta.simple_history_manager_attribute = self.manager_name  # type: ignore[attr-defined]
