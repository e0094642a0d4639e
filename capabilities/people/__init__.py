"""People, organisations and who manages what; the other capabilities may import it."""
