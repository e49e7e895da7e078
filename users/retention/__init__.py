"""How long data is kept: a setting for each kind, applied by beat and by ``apply_retention``."""
