"""Django's engine for PostgreSQL, with connections that wait for no server longer than the work may last."""
