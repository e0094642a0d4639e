"""Notifications. An event's path through this package, a module per step:

4. fanout.py    notifiers in order, audience -> NotifiableEvents and NotificationBatches, set-based
   process.py   one batch: decide, render, insert, store the outcomes
5. decide.py    preference, default -> channel or skip reason; pure
6. render.py    wording + event + person -> title, message
8. inbox.py     the person's list

The public face is `engagement.notifier`.
"""

#: As pyproject.toml has it: a checkout is not installed, so there is nobody else to ask.
__version__ = "0.1.0"
