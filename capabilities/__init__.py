"""The domains. To add one, make a folder with an apps.py; it is found at start, there is no list to edit.

In it: models.py services.py events.py notifiers.py (handlers.py) notifications/*.toml admin.py views.py urls.py.
Domains do not import each other, but for `people`; they hear of each other through the bus.
"""
