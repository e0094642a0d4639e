"""Firebase Cloud Messaging, by Google's own SDK: Android, Apple's devices and browsers."""

import logging

from django.core.exceptions import ImproperlyConfigured
from firebase_admin.messaging import SenderIdMismatchError, ThirdPartyAuthError

from engagement.outgoing import DeliveryError, Outgoing, Sent
from engagement.push import account
from engagement.push.fcm_message import message_for
from engagement.push.google import lines
from engagement.push.provider import PushProvider
from engagement.push.refusal import REFUSALS, is_about_us, meaning

logger = logging.getLogger(__name__)

#: Of what FCM calls a message, in characters.
NAME_LENGTH = 255


class Fcm(PushProvider):
    """Needs a service account of the Firebase project of the apps."""

    name = "fcm"

    def configured(self) -> bool:
        """Tell whether there is a good service account."""
        return not self.problem()

    def problem(self) -> str:
        """Return what is wrong with the service account."""
        try:
            account.certificate(account.given())
        except ImproperlyConfigured as error:
            return str(error)
        return ""

    def send(self, message: Outgoing) -> Sent:
        """Send to one device."""
        prepared, line = message_for(message), lines.line()
        try:
            name = line.send(prepared)[:NAME_LENGTH]
        except REFUSALS as error:
            if is_about_us(error):
                lines.forget(line)
            raise _refused(error, message) from error
        return Sent(f"taken as {name}", name)


def _refused(error: Exception, message: Outgoing) -> DeliveryError:
    """Return what an error means; the device's token is not in it, with which anybody could write to it."""
    found = meaning(error)
    found.answer = found.answer.replace(message.endpoint, "***")
    found.args = (found.answer,)
    if isinstance(error, SenderIdMismatchError):
        logger.error("A device is of another Firebase project than our credentials: %s", found.answer)
    elif isinstance(error, ThirdPartyAuthError):
        logger.error("The key for Apple or for browsers in the Firebase console is refused: %s", found.answer)
    return found
