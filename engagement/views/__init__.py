"""The pages of a person: inbox, activity, preferences. Somebody else's rows do not exist here."""
