"""Django's PostgreSQL backend as the register uses it: one writer at a time. See `base`."""
