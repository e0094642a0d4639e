"""What is said of an outcome: in a sentence, in a word, and where it could be changed."""

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from engagement.decide import Reason, Status, Wait


class Setting(StrEnum):
    """Where a decision can be changed."""

    EVENT_TYPE = "event type"
    CATEGORY = "category"
    MUTES = "mutes"
    QUIET_HOURS = "quiet hours"
    #: Whether mails of the category are collected.
    DIGEST = "digest"
    #: Nothing can be changed there, but it says since when nothing is sent to the address, and why.
    MAILBOX = "mailbox"
    NOWHERE = ""


SENTENCES: dict[Reason, tuple[str | Promise, Setting]] = {
    Reason.PERSON_GONE: (_("The account had been deleted."), Setting.NOWHERE),
    Reason.PERSON_INACTIVE: (_("The account was not active."), Setting.NOWHERE),
    Reason.RETRACTED: (_("It was taken back by the one who published it."), Setting.NOWHERE),
    Reason.EXPIRED: (_("When its turn came, it was too late to be of use."), Setting.NOWHERE),
    Reason.SWITCHED_OFF: (
        _("Notifications of this kind are switched off for everybody."),
        Setting.NOWHERE,
    ),
    Reason.OWN_ACT: (_("People are not notified of what they did themselves."), Setting.NOWHERE),
    Reason.MUTED: (_("You have muted what it is about."), Setting.MUTES),
    Reason.MANDATORY: (
        _("Notifications of this kind always go here; they cannot be switched off."),
        Setting.NOWHERE,
    ),
    Reason.EVENT_TYPE: (_("You chose so for this kind of event."), Setting.EVENT_TYPE),
    Reason.CATEGORY: (_("You chose so for this category."), Setting.CATEGORY),
    Reason.EVENT_TYPE_RULE: (
        _("You have not chosen, and it is usual for this kind of event."),
        Setting.EVENT_TYPE,
    ),
    Reason.CATEGORY_RULE: (_("You have not chosen, and it is usual for this category."), Setting.CATEGORY),
    Reason.DEFAULT: (_("You have not chosen, and it is the default."), Setting.EVENT_TYPE),
    Reason.NO_ENDPOINT: (_("There is no address to reach you at."), Setting.NOWHERE),
    # True of every cause: it bounced, somebody complained, or an administrator stopped them.
    Reason.SUPPRESSED: (_("Messages to your address have been stopped."), Setting.MAILBOX),
    Reason.NOT_CONFIGURED: (_("This channel is not set up here."), Setting.NOWHERE),
    Reason.ALREADY_READ: (_("You had read it in your inbox before it was sent."), Setting.NOWHERE),
    Reason.NOTHING_LEFT: (_("Nothing of what was in it was still to be told."), Setting.NOWHERE),
    Reason.UNKNOWN: (_("This page is being updated and does not know the reason yet."), Setting.NOWHERE),
}
STATUSES: dict[Status, str | Promise] = {
    Status.CREATED: _("in your inbox"),
    Status.PLANNED: _("on its way"),
    Status.SKIPPED: _("not sent"),
}


#: The reasons for which nothing was sent, in a word or two.
WORDS: dict[Reason, str | Promise] = {
    Reason.PERSON_GONE: _("account deleted"),
    Reason.PERSON_INACTIVE: _("account inactive"),
    Reason.RETRACTED: _("taken back"),
    Reason.EXPIRED: _("too late"),
    Reason.SWITCHED_OFF: _("switched off"),
    Reason.OWN_ACT: _("your own doing"),
    Reason.MUTED: _("muted"),
    Reason.MANDATORY: _("not sent"),
    Reason.EVENT_TYPE: _("not chosen"),
    Reason.CATEGORY: _("not chosen"),
    Reason.EVENT_TYPE_RULE: _("not usual"),
    Reason.CATEGORY_RULE: _("not usual"),
    Reason.DEFAULT: _("not usual"),
    Reason.NO_ENDPOINT: _("no address"),
    Reason.SUPPRESSED: _("address stopped"),
    Reason.NOT_CONFIGURED: _("not set up"),
    Reason.ALREADY_READ: _("already read"),
    Reason.NOTHING_LEFT: _("nothing left to tell"),
    Reason.UNKNOWN: _("for a new reason"),
}


#: What is known of a message of which there is nothing else.
WAITS: dict[Wait, tuple[str | Promise, Setting]] = {
    Wait.QUIET_HOURS: (_("It waits for the end of your quiet hours."), Setting.QUIET_HOURS),
    Wait.TO_BE_READ: (
        _("It waits for a while, so that you can read it in your inbox instead."),
        Setting.NOWHERE,
    ),
    Wait.HOURLY: (_("It waits for your hourly digest."), Setting.DIGEST),
    Wait.DAILY: (_("It waits for your daily digest."), Setting.DIGEST),
}
