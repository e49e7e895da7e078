"""Settings, all of them from the environment; .env.example explains each variable."""

import os
from importlib.util import find_spec

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.environment.kinds import is_sandbox
from hsl_dashboard.environment.reading import ROOT
from hsl_dashboard.environment.variables import Environment
from hsl_dashboard.web.logs import without_secrets, without_traceback

env = Environment.read()

# The process ----------------------------------------------------------------------------------------------------------

DEVELOPMENT = env.DEBUG
# Django's own error pages tell code and settings, and it keeps every query; the demo shows the pages of the school.
DEBUG = DEVELOPMENT and env.DEBUG_PAGES
SECRET_KEY = env.SECRET_KEY
ALLOWED_HOSTS = env.ALLOWED_HOSTS
CSRF_TRUSTED_ORIGINS = env.CSRF_TRUSTED_ORIGINS
CSRF_FAILURE_VIEW = "hsl_dashboard.web.unsent.csrf_failure"
DASHBOARD_URL = env.dashboard_url()
TRUSTED_PROXIES = env.TRUSTED_PROXIES
ROOT_URLCONF = "hsl_dashboard.urls"
WSGI_APPLICATION = "hsl_dashboard.wsgi.application"

INSTALLED_APPS = [
    "hsl_dashboard",
    "users",
    "bookings",
    "messaging",
    "analytics",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.admin",
    "django.forms",
    "django_htmx",
    "template_partials",
    "django_filters",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "pgtrigger",
    "pghistory",
    "django_celery_beat",
]
if DEVELOPMENT and find_spec("demo"):
    # The demo school, the Telegram sandbox and the embedded servers: no part of the product.
    INSTALLED_APPS.append("demo")

MIDDLEWARE = [
    "hsl_dashboard.availability.health.answer_probes",
    "hsl_dashboard.watching.scrape.answer_metrics",
    "hsl_dashboard.web.middleware.name_requests",
    "hsl_dashboard.watching.requests.measure_requests",
    "hsl_dashboard.web.middleware.limit_pages",
    "django.middleware.security.SecurityMiddleware",
    "hsl_dashboard.web.middleware.protect_pages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "hsl_dashboard.web.middleware.language_by_choice",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    # CSRF reads the whole body.
    "hsl_dashboard.web.uploads.refuse_large_bodies",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "users.staff.sessions.hold_sessions",
    # Every view asks for a signed-in person unless it says login_not_required.
    "hsl_dashboard.web.unsent.SignedInMiddleware",
    "hsl_dashboard.web.middleware.keep_out_of_caches",
    "hsl_dashboard.web.navigation.forget_frame",
    "hsl_dashboard.web.middleware.clear_after_sign_out",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hsl_dashboard.web.middleware.explain_refusals",
    "allauth.account.middleware.AccountMiddleware",
    "hsl_dashboard.web.middleware.LibraryRefusals",
    "hsl_dashboard.web.middleware.AuditMiddleware",
    "users.staff.factors.ask_for_factor",
    "users.staff.audit.record_refusals",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hsl_dashboard.web.navigation.navigation",
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
            ],
        },
    },
]

# Django's templates of forms are looked for among ours first: templates/django/forms/.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Data -----------------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.database()}
# Who owns the tables, for migrate and adopt_database alone (hsl_dashboard/grants.py).
OWNER_DATABASE = env.owner_database()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.redis_url()
CACHES = {
    "default": {
        "BACKEND": "hsl_dashboard.availability.cache.SteadyRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},  # seconds
    }
}
# What is written carries who asked for it and from where; a GET writes too: downloads, looks at e-mails, refusals.
PGHISTORY_MIDDLEWARE_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# Language and time ----------------------------------------------------------------------------------------------------

LANGUAGE_CODE = env.LANGUAGE_CODE
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "locale"]
FORMAT_MODULE_PATH = ["hsl_dashboard.formats"]
USE_I18N = True
TIME_ZONE = env.TIME_ZONE
USE_TZ = True

# Files ----------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = ROOT / "media"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_100  # as many rows as a bulk change may have can be ticked
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "hsl_dashboard.web.uploads.SteadyUploadHandler",
]
WHITENOISE_USE_FINDERS = DEVELOPMENT

# Sign-in --------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "users.staff.adapters.StaffAccountAdapter"
ACCOUNT_FORMS = {
    "login": "users.staff.forms.StaffLoginForm",
    "change_password": "users.staff.forms.StaffPasswordForm",
    "add_email": "users.staff.forms.OwnEmailForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
# Who asks for a link to a new password is told nothing about which addresses have accounts, and strangers get no mail.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# One's own e-mail too: a link to a new password goes there.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60  # seconds
MFA_ADAPTER = "users.staff.adapters.StaffFactorAdapter"
MFA_FORMS = {
    "add_webauthn": "users.staff.forms.PasskeyForm",
    "edit_webauthn": "users.staff.forms.PasskeyNameForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
# An administrator made the account and knows the address: nobody has to prove it before a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Browsers allow passkeys on localhost without TLS; production has TLS.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT
USERSESSIONS_TRACK_ACTIVITY = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    # OWASP ASVS 5.0, 6.2.1 and 6.2.4: at least 12 characters, none of the common passwords.
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds: a working day, however busy
SESSION_IDLE = 3 * 60 * 60  # seconds
# Whoever may send or administer has so many days to set up a second factor; then no page but that one opens.
SECOND_FACTOR_REQUIRED = env.SECOND_FACTOR_REQUIRED
SECOND_FACTOR_GRACE_DAYS = env.SECOND_FACTOR_GRACE_DAYS
# A message or a list of more people asks for the password again.
CONFIRM_OVER = env.CONFIRM_OVER
# A link to a new password that somebody asked for; those of administrators last longer (users/staff/links.py).
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
HAS_EMAIL = bool(env.EMAIL_URL)
globals().update(env.email())
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.EMAIL_FROM or f"dashboard@{ALLOWED_HOSTS[0]}"

# The browser ----------------------------------------------------------------------------------------------------------

REPORTS_ADDRESS = "/browser-reports/"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        # Scripts and styles are files of ours, on every page: nothing inline, nothing evaluated.
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [NONE],
        "worker-src": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "report-uri": [REPORTS_ADDRESS],
        "report-to": ["csp"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
if not DEVELOPMENT:
    # The balancer in front speaks TLS and says so.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.SECURE_SSL_REDIRECT
    SECURE_REDIRECT_EXEMPT = [r"^health/"]
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    LANGUAGE_COOKIE_SECURE = True
    LANGUAGE_COOKIE_NAME = "__Host-language"

# Background work ------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"messaging.run_*": {"queue": "telegram"}}
# A task carries an id and can run twice; state lives in PostgreSQL, so results are kept nowhere.
CELERY_TASK_IGNORE_RESULT = True
CELERY_BEAT_SCHEDULER = "hsl_dashboard.availability.beat:SteadyScheduler"
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    # People whom triggers have marked, and leads whose week has passed; with nobody to count each is one quick look.
    "users.fold_person_totals": {"task": "users.fold_person_totals", "schedule": 5.0},  # seconds
    "users.cool_leads": {"task": "users.cool_leads", "schedule": 60.0},  # seconds
    # Renews what pages remember for 290 seconds.
    "bookings.count_problems": {"task": "bookings.count_problems", "schedule": 240.0},  # seconds
    "messaging.count_people": {"task": "messaging.count_people", "schedule": 240.0},  # seconds
    # Everybody, after the rules of leads have changed; nothing to do otherwise.
    "users.recount_leads": {"task": "users.recount_leads", "schedule": 10.0},  # seconds
    "bookings.fold_lesson_steps": {"task": "bookings.fold_lesson_steps", "schedule": 60.0},  # seconds
    # Payments of people whom triggers have marked; the page looks at some of them itself.
    "bookings.fold_payments": {"task": "bookings.fold_payments", "schedule": 5.0},  # seconds
    # What the audit has about bookings, the bot's raw SQL included, becomes lines of the log.
    "bookings.log_changes": {"task": "bookings.log_changes", "schedule": 30.0},  # seconds
    "bookings.fold_money": {"task": "bookings.fold_money", "schedule": 60.0},  # seconds
    # What was written since: some people and today's week. The first time everything is counted.
    "analytics.refresh_numbers": {"task": "analytics.refresh_numbers", "schedule": 60.0},  # seconds
    # From ten in the morning, Moscow time; at other hours one look at the clock.
    "analytics.bring_digests": {"task": "analytics.bring_digests", "schedule": 60.0},  # seconds
    # Notices of payments that nobody has applied yet.
    "bookings.apply_incoming_payments": {"task": "bookings.apply_incoming_payments", "schedule": 30.0},  # seconds
    "users.forget_api_answers": {"task": "users.forget_api_answers", "schedule": 3600.0},  # seconds
    # On the other queue than the runners: starting, rescuing and waking must not wait behind them.
    "messaging.tick": {"task": "messaging.tick", "schedule": 5.0, "options": {"queue": "default"}},
    "messaging.tell_staff": {"task": "messaging.tell_staff", "schedule": 30.0, "options": {"queue": "default"}},
    "messaging.end_blocks": {"task": "messaging.end_blocks", "schedule": 60.0, "options": {"queue": "default"}},
}
# A worker takes no task before it has time for it: what it holds is lost to the others while it works.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A page that queues something must not hang where Redis does not answer. A worker asks for a second at a time.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 4}  # seconds
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

# Telegram -------------------------------------------------------------------------------------------------------------

BOT_TOKEN = env.BOT_TOKEN
TELEGRAM_API_URL = env.TELEGRAM_API_URL
# Messages go to a server on this machine, which only plays Telegram.
TELEGRAM_SANDBOX = is_sandbox(TELEGRAM_API_URL)
# Without the @: links that start the bot name it (/referrals/).
BOT_USERNAME = env.BOT_USERNAME or ("hsl_sandbox_100000_bot" if TELEGRAM_SANDBOX else "")
# Over 30 a second only with allow_paid_broadcast, for which the bot pays.
TELEGRAM_PAID_BROADCAST = env.TELEGRAM_PAID_BROADCAST
# Telegram allows a bot about 30 a second; the bot's own answers need room under that.
TELEGRAM_MESSAGES_PER_SECOND = env.TELEGRAM_MESSAGES_PER_SECOND
# The bot polls, so nobody calls us unless the school says so.
TELEGRAM_WEBHOOK_SECRET = env.TELEGRAM_WEBHOOK_SECRET
# seconds. Above what Telegram needs for any message: whoever did not answer until then counts as «not known».
TELEGRAM_CALL_TIMEOUT = env.TELEGRAM_CALL_TIMEOUT
# python-telegram-bot warns at every RetryAfter unless told that we read timedeltas.
os.environ.setdefault("PTB_TIMEDELTA", "1")

# Backups --------------------------------------------------------------------------------------------------------------

BACKUP_DIR = env.BACKUP_DIR
BACKUP_KEEP = env.BACKUP_KEEP  # archives
BACKUP_RECIPIENTS = env.BACKUP_RECIPIENTS
POSTGRES_TOOLS = env.postgres_tools()
if BACKUP_DIR:
    CELERY_BEAT_SCHEDULE["hsl_dashboard.make_backup"] = {
        "task": "hsl_dashboard.make_backup",
        "schedule": crontab(hour=env.BACKUP_AT[:2], minute=env.BACKUP_AT[3:]),
    }

# How long -------------------------------------------------------------------------------------------------------------

# Days; 0 is for ever (users/retention).
KEEP_EVENT_DETAILS_DAYS = env.KEEP_EVENT_DETAILS_DAYS
KEEP_EXPORT_RECORDS_DAYS = env.KEEP_EXPORT_RECORDS_DAYS
KEEP_AUDIT_DAYS = env.KEEP_AUDIT_DAYS
KEEP_MEDIA_DAYS = env.KEEP_MEDIA_DAYS
KEEP_SESSIONS_DAYS = env.KEEP_SESSIONS_DAYS
KEEP_WEBHOOK_PAYLOADS_DAYS = env.KEEP_WEBHOOK_PAYLOADS_DAYS
KEEP_INCIDENTS_DAYS = env.KEEP_INCIDENTS_DAYS
CELERY_BEAT_SCHEDULE["users.apply_retention"] = {
    "task": "users.apply_retention",
    "schedule": crontab(hour=env.RETENTION_AT[:2], minute=env.RETENTION_AT[3:]),
}

# Payments from outside ------------------------------------------------------------------------------------------------

# What signs a notice of a payment (docs/api.md). Two, while one replaces the other; none, and every notice is refused.
PAYMENT_WEBHOOK_SECRETS = env.PAYMENT_WEBHOOK_SECRETS

# Watching -------------------------------------------------------------------------------------------------------------

# Where probes are answered however busy the pages are (hsl_dashboard/availability/serving.py).
PROBES_PORT = env.PROBES_PORT

# Who may read /metrics; without either, nobody (hsl_dashboard/watching/scrape.py).
METRICS_TOKEN = env.METRICS_TOKEN
METRICS_NETWORKS = env.METRICS_NETWORKS

# When administrators are alerted (messaging/alerts/); 0 switches a check off.
ALERTS = env.ALERTS
ALERT_EMAILS = env.ALERT_EMAILS
ALERT_TICK_SECONDS = env.ALERT_TICK_SECONDS
ALERT_FAILED_PERCENT = env.ALERT_FAILED_PERCENT
ALERT_ERRORS = env.ALERT_ERRORS
ALERT_SIGNUPS_PERCENT = env.ALERT_SIGNUPS_PERCENT
ALERT_DISK_PERCENT = env.ALERT_DISK_PERCENT
ALERT_BACKUP_HOURS = env.ALERT_BACKUP_HOURS

# Where errors are reported; empty, and nothing is sent anywhere (hsl_dashboard/sentry.py).
SENTRY_DSN = env.SENTRY_DSN

# Lines of JSON hold no secrets by themselves. gunicorn writes its own lines alike (gunicorn.conf.py).
LOG_FORMAT = env.LOG_FORMAT
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "hsl_dashboard.web.logs.JsonLines"},
    },
    "filters": {
        "refusals": {"()": "django.utils.log.CallbackFilter", "callback": without_traceback},
        "secrets": {"()": "django.utils.log.CallbackFilter", "callback": without_secrets},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["refusals"] if LOG_FORMAT == "json" else ["refusals", "secrets"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}
