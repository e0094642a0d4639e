"""The inbox."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Value, sql
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from engagement import announce
from engagement.decide import Importance
from engagement.models.notifiable import NotifiableEvent, in_retention
from engagement.registry import MASK, is_sensitive
from engagement.subject import kind_of_subject, label_of_category
from events.retention import Expiring

TITLE_LENGTH = 400
MESSAGE_LENGTH = 4000
URL_LENGTH = 2000
REASON_LENGTH = 300
GROUP_LENGTH = 200
#: What changes on no page that is open.
UNTOLD = {"seen_at"}
#: Messages longer than this are folded in the list.
FOLDED_LENGTH = 160


class Among(models.Lookup):
    """`column = ANY(ARRAY[value])`: an equality which the planner does not take for a constant."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the condition, and the value as the database takes it."""
        column, params = self.process_lhs(compiler, connection)
        value = self.lhs.output_field.get_db_prep_value(self.rhs, connection)
        return f"{column} = ANY(%s)", (*params, [value])


class AppNotificationQuerySet(models.QuerySet["AppNotification"]):
    """Which of them."""

    def of(self, person: Any) -> Self:
        """Those of one person: everything that shows or changes a notification begins here."""
        return self.filter(person=person)

    def newest_of(self, person: Any) -> Self:
        """Those of one person, newest first.

        Asked for as one of several people, of whom there is one: so only the indexes that begin with the person
        have this order, and a page begins at its id at once. Asked for plainly, the planner may walk back over
        everybody's rows by primary key, and for somebody who has read everything that is all of them; as a range
        of people, PostgreSQL before 18 walks over all pages before.
        """
        return self.filter(Among(models.F("person"), getattr(person, "pk", person))).order_by("person", "-id")

    def unread(self) -> Self:
        """Those not opened, and not put away."""
        return self.filter(read_at=None, archived_at=None)

    def in_inbox(self) -> Self:
        """Those not put away."""
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        """Those put away."""
        return self.filter(archived_at__isnull=False)

    def mark_seen(self) -> int:
        """Mark those that were not listed before as seen, now; return how many."""
        return self.filter(seen_at=None).update(seen_at=Now())

    def mark_read(self, at: datetime | None = None) -> int:
        """Mark the unread among these as read, now or at that moment, and so as seen; return how many."""
        moment = Now() if at is None else Value(at)
        return self.filter(read_at=None).update(read_at=moment, seen_at=Coalesce("seen_at", moment))

    def mark_unread(self) -> int:
        """Mark these as unread; return how many were read."""
        return self.filter(read_at__isnull=False).update(read_at=None)

    def archive(self, at: datetime | None = None) -> int:
        """Put those in the inbox away, now or at that moment; return how many."""
        return self.filter(archived_at=None).update(archived_at=Now() if at is None else at)

    def unarchive(self) -> int:
        """Put these back into the inbox; return how many had been put away."""
        return self.filter(archived_at__isnull=False).update(archived_at=None)

    def update(self, **changes: Any) -> int:
        """Change these, and tell the pages on which their people see them, in the same statement.

        Here, and not in each verb, so that none can forget it. It is for the default database alone.
        """
        if changes.keys() <= UNTOLD:
            return super().update(**changes)
        query = self.query.chain(sql.UpdateQuery)
        query.add_update_values(changes)  # type: ignore[attr-defined]  # the stubs take it for a plain query
        query.clear_ordering(force=True)
        try:
            statement, parameters = query.get_compiler(self.db).as_sql()
        except EmptyResultSet:
            return 0
        self._result_cache = None
        return announce.change_and_tell(statement, parameters)


class AppNotification(Expiring):
    """A row in a person's inbox. All that is shown is on it, so that listing joins nothing."""

    event = models.OneToOneField(
        NotifiableEvent,
        verbose_name=_("notifiable event"),
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="app_notification",
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        # It goes with its NotifiableEvent, which is found by person; here that would read the whole table.
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="app_notifications",
    )
    event_type = models.CharField(_("event type"), max_length=100)
    category = models.CharField(_("category"), max_length=50)
    title = models.CharField(_("title"), max_length=TITLE_LENGTH)
    message = models.TextField(_("message"), max_length=MESSAGE_LENGTH, blank=True)
    url = models.CharField(_("address"), max_length=URL_LENGTH, blank=True)
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True)
    about = models.CharField(_("about"), max_length=200, blank=True)
    #: Notifications with the same one belong together; usually what they are about.
    group = models.CharField(_("group"), max_length=GROUP_LENGTH, blank=True, default="", db_default="")
    importance = models.CharField(
        _("importance"),
        max_length=10,
        choices=Importance,
        default=Importance.USUAL,
        db_default=Importance.USUAL,
    )
    #: Its wording was missing or failed: there is something for operators to mend.
    is_fallback = models.BooleanField(_("fallback text"), default=False, db_default=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    seen_at = models.DateTimeField(_("seen at"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)
    is_read = models.GeneratedField(
        expression=models.Q(read_at__isnull=False),  # type: ignore[arg-type]  # the stubs know no conditions
        output_field=models.BooleanField(),
        db_persist=True,
    )
    delete_at = models.DateTimeField(_("delete at"), default=in_retention)

    objects = AppNotificationQuerySet.as_manager()

    class Meta(Expiring.Meta):
        verbose_name = _("app notification")
        verbose_name_plural = _("app notifications")
        indexes: ClassVar[list[models.Index]] = [
            *Expiring.Meta.indexes,
            models.Index(
                fields=["id"], name="appnotification_fallback", condition=models.Q(is_fallback=True)
            ),
            models.Index(fields=["about"], name="appnotification_about", condition=~models.Q(about="")),
            models.Index(
                fields=["person", "-id"], name="appnotification_inbox", condition=models.Q(archived_at=None)
            ),
            models.Index(
                fields=["person", "-id"],
                name="appnotification_unread",
                condition=models.Q(read_at=None, archived_at=None),
            ),
            models.Index(
                fields=["person", "-id"],
                name="appnotification_archived",
                condition=models.Q(archived_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.masked(self.title)

    def masked(self, text: str) -> str:
        """Return one of its texts for other eyes than the person's: not if the event has secrets."""
        return MASK if text and is_sensitive(self.event_type) else text

    def get_absolute_url(self) -> str:
        """Return the page in which it is listed."""
        return reverse("engagement:inbox")

    @property
    def age(self) -> str:
        """How long ago it came, in words."""
        return str(naturaltime(self.created_at))

    @property
    def is_long(self) -> bool:
        """Whether its message takes more than two lines or so, and is folded."""
        return len(self.message) > FOLDED_LENGTH or self.message.count("\n") > 1

    @property
    def category_label(self) -> str:
        """Its category, as people read it."""
        return label_of_category(self.category)

    @property
    def kind_of_subject(self) -> str:
        """What kind of object it is about, in a word."""
        return kind_of_subject(self.about)

    def mark_as_read(self) -> bool:
        """Mark it as read; tell whether it was unread."""
        changed = type(self).objects.filter(pk=self.pk).mark_read()
        self.read_at, self.is_read = self.read_at or timezone.now(), True
        return bool(changed)
