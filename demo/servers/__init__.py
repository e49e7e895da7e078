"""PostgreSQL and Valkey out of wheels."""
