"""The Django project: settings, the embedded database, URLs, and the supervisor behind `make run`."""
