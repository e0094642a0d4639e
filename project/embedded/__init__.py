"""A Django database backend: PostgreSQL out of a wheel, started by the first connection that needs it."""
