"""Text messages: numbers, what fits into one, and the companies that send them."""

from engagement.sms.chosen import UnknownProvider, chosen
from engagement.sms.number import masked_number, normal_number, reaches, shown_number
from engagement.sms.provider import SmsProvider
from engagement.sms.segments import Encoding, Segments, count
from engagement.sms.text import text_of

__all__ = [
    "Encoding",
    "Segments",
    "SmsProvider",
    "UnknownProvider",
    "chosen",
    "count",
    "masked_number",
    "normal_number",
    "reaches",
    "shown_number",
    "text_of",
]
