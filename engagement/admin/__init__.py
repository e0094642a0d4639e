"""The admin: what happened can only be read; wordings, rules and what people chose can be edited."""

from engagement.admin import deliveries, history, log, people, rules, wordings

__all__ = ["deliveries", "history", "log", "people", "rules", "wordings"]
