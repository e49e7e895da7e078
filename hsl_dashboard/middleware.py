"""Middleware of our own: the language is Russian until somebody chooses another."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def language_by_choice(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Stand before LocaleMiddleware, so that it follows the cookie of the language switch and nothing else.

    The school works in Russian. A browser installed in English says nothing about its owner.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        return get_response(request)

    return middleware
