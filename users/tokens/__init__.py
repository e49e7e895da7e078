"""Tokens of the API: made, shown once, used, revoked; and who may pass a JSON route."""
