"""Webhooks: what is in one, and how its receiver can tell that it is from us."""

from engagement.webhook.body import CONTENT_TYPE, body_of
from engagement.webhook.signature import is_secret, new_secret, signed

__all__ = ["CONTENT_TYPE", "body_of", "is_secret", "new_secret", "signed"]
