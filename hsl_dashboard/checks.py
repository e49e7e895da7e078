"""System checks: settings that let the dashboard start but would harm in production, each with its cure.

What stops the start is in environment/; these checks show in ``manage.py check --deploy``.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

from hsl_dashboard.environment.connections import is_on_this_machine


@register(Tags.security, deploy=True)
def check_connections(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What leaves this machine is encrypted, and Redis asks for a password."""
    messages: list[CheckMessage] = []
    database = settings.DATABASES["default"]
    plain = database["OPTIONS"].get("sslmode") in {"disable", "allow", "prefer"}
    if plain and not is_on_this_machine(database["HOST"]):
        messages.append(
            Warning(
                "The database on another machine is spoken to without TLS.",
                hint="Take sslmode out of DATABASE_URL (or POSTGRES_SSLMODE), or set it to require or verify-full.",
                id="hsl_dashboard.W001",
            )
        )
    redis = urlsplit(settings.REDIS_URL)
    if not is_on_this_machine(redis.hostname or "") and not redis.password:
        messages.append(
            Warning(
                "Redis on another machine asks for no password: whoever reaches it can make the workers run tasks.",
                hint="Set one there, and as REDIS_PASSWORD here.",
                id="hsl_dashboard.W002",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def check_telegram(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Messages go to Telegram itself."""
    messages: list[CheckMessage] = []
    if settings.TELEGRAM_SANDBOX:
        messages.append(
            Warning(
                "Messages go to a server on this machine that only plays Telegram: no student gets any.",
                hint="Take TELEGRAM_API_URL out of the environment.",
                id="hsl_dashboard.W003",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def check_alerts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Whoever is to be alerted by e-mail can be."""
    if not settings.ALERT_EMAILS or settings.HAS_EMAIL:
        return []
    return [
        Warning(
            "ALERT_EMAILS get no alerts: there is no mail server to send them.",
            hint="Set EMAIL_URL, or take ALERT_EMAILS out.",
            id="hsl_dashboard.W004",
        )
    ]
