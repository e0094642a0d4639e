"""The mailbox of the demo: mails are kept in a folder instead of being sent, and each person sees theirs on a page."""

from project.mailbox.backend import EmailBackend

__all__ = ["EmailBackend"]
