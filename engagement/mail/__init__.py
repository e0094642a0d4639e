"""Mails: how a message is put together, handed to Django's EMAIL_BACKEND, and what the answer means."""

from engagement.mail.compose import compose
from engagement.mail.ids import message_id
from engagement.mail.mail import Mail
from engagement.mail.post import Post

__all__ = ["Mail", "Post", "compose", "message_id"]
