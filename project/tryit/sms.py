"""The text messages of the demo: kept, and sent to nobody."""

from engagement.outgoing import Outgoing, Sent
from engagement.sms.provider import SmsProvider
from project.tryit import store
from project.tryit.people import owner_of_number

PATH = "project.tryit.sms.DemoSms"


class DemoSms(SmsProvider):
    """Keeps each text for the page "Try it"."""

    name = "demo"
    needs = ("TRYIT",)

    def send(self, number: str, text: str, message: Outgoing) -> Sent:
        """Keep it."""
        store.keep("sms", owner_of_number(number), message.message_id, {"number": number, "text": text})
        return Sent("Kept for the page “Try it”, and sent to nobody.")
