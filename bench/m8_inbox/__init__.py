"""M8: the inbox of people with few, with many and with very many notifications."""
