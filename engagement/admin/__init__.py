"""The admin: what happened can only be read; wordings, rules and what people chose can be edited."""

from engagement.admin import channels, deliveries, endpoints, history, log, people, rules, wordings

__all__ = ["channels", "deliveries", "endpoints", "history", "log", "people", "rules", "wordings"]
