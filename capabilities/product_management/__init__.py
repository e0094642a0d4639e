"""Products of organisations and of people: made and edited by their managers, who hear of it."""
