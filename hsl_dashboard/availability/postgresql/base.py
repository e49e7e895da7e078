"""``DatabaseWrapper``: the name by which Django finds an engine."""

from types import SimpleNamespace
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from hsl_dashboard.availability.patience import PatientConnection


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, with our connections; a pool is told of them by its option ``connection_class``."""

    Database: Any = SimpleNamespace(**{**vars(psycopg), "connect": PatientConnection.connect})
