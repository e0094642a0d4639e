"""M10."""

#: Everybody begins with so many mails, so that connections, templates and tables have been used before.
WARMING = 100
