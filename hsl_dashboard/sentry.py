"""Reports errors to Sentry, where SENTRY_DSN says so, and nothing about people with them."""

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from hsl_dashboard.web.logs import REDACTED, SECRET

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint


def start(dsn: str) -> None:
    """Report errors of this process, and of those it forks, to ``dsn``.

    Raises:
        ImproperlyConfigured: the package is missing, or the address is none of Sentry's.
    """
    try:
        import sentry_sdk
        from sentry_sdk.utils import BadDsn
    except ImportError:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, but sentry-sdk is not installed. Run: pip install 'hsl-dashboard[sentry]'"
        ) from None
    try:
        sentry_sdk.init(
            dsn,
            before_send=without_people,
            # Names, e-mails and texts stand in variables and forms; the bot's token in the addresses that were called.
            include_local_variables=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
        )
    except BadDsn:
        raise ImproperlyConfigured(
            "SENTRY_DSN is not an address of Sentry. It looks like https://key@sentry.example.org/1"
        ) from None


def without_people(event: "Event", hint: "Hint") -> "Event":
    """Take out what staff typed (a search in the address is somebody's name), and what opens the dashboard.

    The path of a feed, or of a link to a new password, is a secret.
    """
    request = event.get("request", {})
    if "url" in request:
        request["url"] = SECRET.sub(REDACTED, str(request["url"]))
    for part in ("query_string", "cookies", "data", "headers"):
        request.pop(part, None)
    return event
