"""API tokens: made, shown once, used, revoked; and who may use a JSON route."""
