"""The table of all variables: kind, default, and the cure when one is missing or wrong (.env.example explains each)."""

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from hsl_dashboard.environment import connections, kinds
from hsl_dashboard.environment.reading import Variables, required, variable

# In development without BOT_TOKEN nothing may reach Telegram: `python -m demo.sandbox --port 8081` plays it.
SANDBOX_TOKEN = "100000:token-of-the-sandbox-in-development"
SANDBOX_URL = "http://127.0.0.1:8081"
TELEGRAM_URL = "https://api.telegram.org"
# messages/s that Telegram takes of one bot: core.telegram.org/bots/faq
FREE_RATE, PAID_RATE = 30, 1000
KEPT_CURE = "Set it to a number of days, or to 0 for ever."
OR_A_CHECKOUT = "Or run from a checkout with DEBUG=true: its demo/ starts a server by itself."


class Environment(Variables):
    """The variables, in the order of .env.example; one that depends on others stands below them."""

    # The process
    DEBUG: bool = variable("false", cure="Set it to true or false.")
    DEBUG_PAGES: bool = variable("true", cure="Set it to true or false.")
    SECRET_KEY: str = required(
        cure="Set it to 50 or more random characters: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
        development="development-only-key-which-production-refuses-to-start-without-replacing",
    )
    ALLOWED_HOSTS: kinds.Words = required(
        cure="Set it to the dashboard's host name: dashboard.example.org", development="localhost,127.0.0.1,[::1]"
    )
    CSRF_TRUSTED_ORIGINS: kinds.Origins = variable()
    DASHBOARD_URL: kinds.WebAddress = variable()
    TRUSTED_PROXIES: kinds.Networks = variable()
    SECURE_SSL_REDIRECT: bool = variable("true", cure="Set it to true or false.")

    # Data
    POSTGRES_HOST: str = variable()
    POSTGRES_PORT: int = variable("5432", cure="Set it to a number.")
    POSTGRES_DB: str = variable("postgres")
    POSTGRES_USER: str = variable("postgres")
    POSTGRES_SSLMODE: str = variable()
    DATABASE_URL: kinds.DatabaseUrl = required(
        cure="Set it to postgres://user@host:5432/name, or set POSTGRES_HOST and POSTGRES_PASSWORD. " + OR_A_CHECKOUT,
        embedded=True,
        unless="POSTGRES_HOST",
    )
    POSTGRES_PASSWORD: str = required(
        cure="Set it to the password of POSTGRES_USER, as it is written.",
        unless="DATABASE_URL",
        only_with="POSTGRES_HOST",
    )
    OWNER_DATABASE_URL: kinds.DatabaseUrl = variable()
    OWNER_PASSWORD: str = variable()
    DATABASE_POOL: bool = variable("true", cure="Set it to true or false.")
    REDIS_URL: kinds.RedisUrl = required(cure="Set it to redis://host:6379/0. " + OR_A_CHECKOUT, embedded=True)
    REDIS_PASSWORD: str = variable()

    # Telegram
    BOT_TOKEN: str = required(cure="Set it to the token that @BotFather gave for the bot.", development=SANDBOX_TOKEN)
    BOT_USERNAME: kinds.BotName = variable()  # in the sandbox its bot's
    TELEGRAM_API_URL: kinds.WebAddress = variable()  # Telegram, or the sandbox in development without a BOT_TOKEN
    TELEGRAM_PAID_BROADCAST: bool = variable("false", cure="Set it to true or false.")
    TELEGRAM_MESSAGES_PER_SECOND: kinds.Rate = variable("25", cure="Set it to a number of messages/s, at least 0.1.")
    TELEGRAM_WEBHOOK_SECRET: kinds.WebhookSecret = variable()
    TELEGRAM_CALL_TIMEOUT: kinds.Seconds = variable("20", cure="Set it to a number of seconds, at least 1.")

    # Payments from outside
    PAYMENT_WEBHOOK_SECRETS: kinds.PaymentSecrets = variable()

    # Staff
    SECOND_FACTOR_REQUIRED: bool = variable("true", cure="Set it to true or false.", development="false")
    SECOND_FACTOR_GRACE_DAYS: kinds.Days = variable("7", cure="Set it to a number of days, at least 0.")
    CONFIRM_OVER: kinds.People = variable("100", cure="Set it to a number of people, at least 0.")
    EMAIL_URL: kinds.EmailUrl = variable()
    EMAIL_PASSWORD: str = variable()
    EMAIL_FROM: str = variable()

    # Language and time
    TIME_ZONE: kinds.TimeZone = variable("Europe/Moscow")
    LANGUAGE_CODE: Literal["ru", "en"] = variable("ru", cure="Set it to ru or en.")

    # Backups
    BACKUP_DIR: str = variable()
    BACKUP_AT: kinds.TimeOfDay = variable("04:30")
    BACKUP_KEEP: kinds.Count = variable("14", cure="Set it to a number, 0 or more.")
    BACKUP_RECIPIENTS: kinds.Words = variable()
    POSTGRES_TOOLS: str = variable()

    # How long
    KEEP_EVENT_DETAILS_DAYS: kinds.KeptDetails = variable("0", cure=KEPT_CURE)
    KEEP_EXPORT_RECORDS_DAYS: kinds.KeptDays = variable("0", cure=KEPT_CURE)
    KEEP_AUDIT_DAYS: kinds.KeptAudit = variable("0", cure=KEPT_CURE)
    KEEP_MEDIA_DAYS: kinds.KeptDays = variable("0", cure=KEPT_CURE)
    KEEP_SESSIONS_DAYS: kinds.KeptDays = variable("30", cure=KEPT_CURE)
    KEEP_WEBHOOK_PAYLOADS_DAYS: kinds.KeptDays = variable("30", cure=KEPT_CURE)
    KEEP_INCIDENTS_DAYS: kinds.KeptDays = variable("365", cure=KEPT_CURE)
    RETENTION_AT: kinds.TimeOfDay = variable("03:10")

    # Watching
    PROBES_PORT: int = variable("8001", cure="Set it to a number.")
    ALERTS: bool = variable("true", cure="Set it to true or false.", development="false")
    ALERT_EMAILS: kinds.Emails = variable()
    ALERT_TICK_SECONDS: kinds.Count = variable("60", cure="Set it to a number, 0 or more.")
    ALERT_FAILED_PERCENT: kinds.Count = variable("30", cure="Set it to a number, 0 or more.")
    ALERT_ERRORS: kinds.Count = variable("20", cure="Set it to a number, 0 or more.")
    ALERT_SIGNUPS_PERCENT: kinds.Count = variable("50", cure="Set it to a number, 0 or more.")
    ALERT_DISK_PERCENT: kinds.Count = variable("10", cure="Set it to a number, 0 or more.")
    ALERT_BACKUP_HOURS: kinds.Count = variable("30", cure="Set it to a number, 0 or more.")
    LOG_FORMAT: Literal["json", "line"] = variable("json", cure="Set it to json or line.", development="line")
    METRICS_TOKEN: kinds.MetricsToken = variable()
    METRICS_NETWORKS: kinds.Networks = variable()
    SENTRY_DSN: str = variable()

    @field_validator("TELEGRAM_API_URL")
    @classmethod
    def choose_telegram(cls, url: str, info: ValidationInfo) -> str:
        """The token of the sandbox leads to the sandbox."""
        return url or (SANDBOX_URL if info.data.get("BOT_TOKEN") == SANDBOX_TOKEN else TELEGRAM_URL)

    @field_validator("TELEGRAM_MESSAGES_PER_SECOND")
    @classmethod
    def refuse_a_rate_that_telegram_refuses(cls, rate: float, info: ValidationInfo) -> float:
        """One bot that sends faster than Telegram allows is halted, and every worker with it."""
        if kinds.is_sandbox(info.data.get("TELEGRAM_API_URL", SANDBOX_URL)):
            return rate
        if rate > PAID_RATE:
            raise ValueError(f"is {rate:g}. Telegram takes {PAID_RATE} messages/s at most.")
        if rate > FREE_RATE and not info.data.get("TELEGRAM_PAID_BROADCAST", True):
            raise ValueError(
                f"is {rate:g}. Telegram takes {FREE_RATE} messages/s for nothing, and halts all sending when there are "
                "more. Set it to 25, or TELEGRAM_PAID_BROADCAST to true: then the bot pays in Stars for what is over."
            )
        return rate

    def database(self) -> dict[str, Any]:
        """Django's settings of the one database; the embedded server is started if it stands in."""
        if self.POSTGRES_HOST and not self.DATABASE_URL:
            options = {"sslmode": self.POSTGRES_SSLMODE} if self.POSTGRES_SSLMODE else {}
            login = {"USER": self.POSTGRES_USER, "PASSWORD": self.POSTGRES_PASSWORD}
            place = {"HOST": self.POSTGRES_HOST, "PORT": self.POSTGRES_PORT, "NAME": self.POSTGRES_DB}
            return connections.with_defaults({**place, **login, "OPTIONS": options}, pool=self.DATABASE_POOL)
        url = self.DATABASE_URL or connections.embedded_servers().database_url()
        database = connections.database_from_url(url, password=self.POSTGRES_PASSWORD)
        return connections.with_defaults(database, pool=self.DATABASE_POOL)

    def owner_database(self) -> dict[str, Any] | None:
        """Django's settings of the same database as its owner; None where one role does all."""
        if not self.OWNER_DATABASE_URL:
            return None
        database = connections.database_from_url(
            self.OWNER_DATABASE_URL, password=self.OWNER_PASSWORD or self.POSTGRES_PASSWORD
        )
        return connections.with_defaults(database, pool=False)

    def email(self) -> dict[str, Any]:
        """Django's settings of the mail server; without EMAIL_URL no message leaves, and none stands in a log."""
        if not self.EMAIL_URL:
            return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        return connections.mail_server(self.EMAIL_URL, password=self.EMAIL_PASSWORD)

    def redis_url(self) -> str:
        """Address of Redis or Valkey with its password; the embedded server is started if it stands in."""
        if not self.REDIS_URL:
            return str(connections.embedded_servers().redis_url())
        return connections.redis_with_password(self.REDIS_URL, self.REDIS_PASSWORD)

    def postgres_tools(self) -> str:
        """The folder of pg_dump and pg_restore, with the embedded server those beside it; '' for the PATH."""
        is_embedded = not (self.DATABASE_URL or self.POSTGRES_HOST)
        return self.POSTGRES_TOOLS or (connections.embedded_servers().programs() if is_embedded else "")

    def dashboard_url(self) -> str:
        """The address that messages to staff lead to; without it, what the other variables tell; '' if nothing."""
        if self.DASHBOARD_URL or self.CSRF_TRUSTED_ORIGINS:
            return self.DASHBOARD_URL or self.CSRF_TRUSTED_ORIGINS[0].rstrip("/")
        # A pattern («.example.org», «*») names no host.
        return next((f"https://{host}" for host in self.ALLOWED_HOSTS if host[0] not in ".*["), "")
