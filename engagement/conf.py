"""The settings of notifications, each with its default."""

import os
from datetime import timedelta

from events.conf import Setting

#: The EMAIL_BACKEND with which mail is not configured: Django's, which throws mails away.
DUMMY = "django.core.mail.backends.dummy.EmailBackend"
#: Nothing is kept for longer, whatever a rule, a notifier or a setting says.
LONGEST_RETENTION = timedelta(days=3_650)
#: No mail waits longer to be read in the inbox instead.
LONGEST_DELAY = timedelta(days=1)


class Conf:
    """Read when used, so that tests can override them."""

    #: How long notifications are kept, unless their category or notifier says otherwise.
    retention = Setting("ENGAGEMENT_RETENTION", timedelta(hours=72))
    #: The same by category: {"security": timedelta(days=30)}.
    category_retention: Setting[dict[str, timedelta]] = Setting("ENGAGEMENT_CATEGORY_RETENTION", {})
    #: What `site` stands for in a wording.
    site_name = Setting("ENGAGEMENT_SITE_NAME", "Carillon")
    #: Hosts that a notification may lead to, besides this one.
    allowed_hosts: Setting[list[str]] = Setting("ENGAGEMENT_ALLOWED_HOSTS", [])
    #: Where this site is, for links in mails: "https://carillon.example". Without it no mail is sent.
    base_url = Setting("ENGAGEMENT_BASE_URL", "")
    #: From whom mails come; None: DEFAULT_FROM_EMAIL.
    from_email: Setting[str | None] = Setting("ENGAGEMENT_FROM_EMAIL", None)
    #: Who sends, for Gmail's statistics: 5 to 15 characters, the same in every mail.
    sender_id = Setting("ENGAGEMENT_SENDER_ID", "carillon")
    #: At which hour of the person's day the daily digest leaves, unless they chose another.
    digest_hour = Setting("ENGAGEMENT_DIGEST_HOUR", 8)
    #: How many mails a person gets in an hour at the most; what is more goes into a digest. None: any number.
    emails_per_hour: Setting[int | None] = Setting("ENGAGEMENT_EMAILS_PER_HOUR", 20)
    #: Categories whose mails are neither counted nor held back.
    unlimited_categories: Setting[list[str]] = Setting("ENGAGEMENT_UNLIMITED_CATEGORIES", ["security"])
    #: After how many seconds a failed delivery is tried again, by channel or by "channel:event.type":
    #: {"email": [60, 120, 180]}. Used up, it is dead. Without: 5 s doubling up to an hour, 20 attempts.
    retries: Setting[dict[str, list[float]]] = Setting("ENGAGEMENT_RETRIES", {})
    #: Who sends text messages: "sparrow", "console" (the log), or the path of an SmsProvider of one's own. Without:
    #: with DEBUG the console, else nobody.
    sms_provider = Setting("ENGAGEMENT_SMS_PROVIDER", "")
    #: In which country a number is that is entered without one: "NP". Without, numbers begin with +.
    sms_region = Setting("ENGAGEMENT_SMS_REGION", "")
    #: How Sparrow knows us, the sender that it has given us, and where it is.
    sparrow_token = Setting("ENGAGEMENT_SPARROW_TOKEN", "")
    sparrow_from = Setting("ENGAGEMENT_SPARROW_FROM", "")
    sparrow_url = Setting("ENGAGEMENT_SPARROW_URL", "https://api.sparrowsms.com/v2/sms/")
    #: Whether people may have notifications sent to addresses on the web that they enter.
    webhooks = Setting("ENGAGEMENT_WEBHOOKS", False)
    #: Where webhooks may lead though the place is private, its port an odd one, or without TLS: names, "name:port", or
    #: networks ("10.0.0.0/8").
    webhook_allowed_hosts: Setting[list[str]] = Setting("ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS", [])
    #: Who brings push notifications to devices: "fcm", "gateway", or the dotted path of a PushProvider. Empty: the
    #: gateway if it has an address, else FCM if there are credentials, else nobody.
    push_provider = Setting("ENGAGEMENT_PUSH_PROVIDER", "")
    #: The service account for FCM: the path of its file, or what is in it, as text or dict. None: the file that the
    #: environment names in GOOGLE_APPLICATION_CREDENTIALS, if it does.
    fcm_credentials: Setting[str | dict[str, str] | None] = Setting("ENGAGEMENT_FCM_CREDENTIALS", None)
    #: The address of the HTTP gateway for push, without "/notifications".
    notification_service_url = Setting("ENGAGEMENT_NOTIFICATION_SERVICE_URL", "")
    #: After how many days without a word from its app a device is used no longer.
    device_stale_days = Setting("ENGAGEMENT_DEVICE_STALE_DAYS", 270)

    @property
    def fcm_account(self) -> str | dict[str, str] | None:
        """The service account for FCM, of the settings or else of the environment."""
        return self.fcm_credentials or os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")


conf = Conf()
