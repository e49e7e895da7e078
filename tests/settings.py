"""Settings of the tests: the project's own, on embedded servers, quick, and deaf to what a developer has in .env."""

import os

os.environ.setdefault("DEBUG", "true")
# Connections are opened and closed by the tests themselves; a pool would outlive the test database.
os.environ["DATABASE_POOL"] = "false"
os.environ["LANGUAGE_CODE"] = "ru"
os.environ["TIME_ZONE"] = "Europe/Moscow"
os.environ["SENTRY_DSN"] = ""
os.environ["BOT_TOKEN"] = "100000:token-of-the-tests"
# The "discard" port: nobody listens, unless a test starts a sandbox and says where.
os.environ["TELEGRAM_API_URL"] = "http://127.0.0.1:9"

from hsl_dashboard.settings import *  # noqa: F403
from hsl_dashboard.settings import CACHES, DATABASES, INSTALLED_APPS, REDIS_URL

INSTALLED_APPS.append("tests.reset")

# Tests may lose what they wrote: a power cut ends them anyway.
OWNER_DATABASE = None  # the tests make their roles themselves
DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
# Database 0 of Redis belongs to the demo; each of xdist's processes ("gw0" …) has one of its own.
_number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_URL = f"{REDIS_URL.rsplit('/', 1)[0]}/{_number}"
CELERY_BROKER_URL = REDIS_URL
CACHES["default"]["LOCATION"] = REDIS_URL

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, and no test keeps a secret
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True  # files come from where they are written: nothing is collected for tests
