"""The Celery application: workers and beat start here."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hsl_dashboard.settings")

app = Celery("hsl_dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Packages of messaging have tasks of their own, which only the names of apps would not find.
app.autodiscover_tasks(["messaging.delivery", "messaging.inbound"])
