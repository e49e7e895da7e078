"""The door through which gunicorn calls the dashboard."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hsl_dashboard.settings")

application = get_wsgi_application()
