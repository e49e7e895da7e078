"""Parts of addresses that Django has no converter for."""

from django.urls import register_converter

from hsl_dashboard.db import LARGEST_BIGINT


class TelegramIdConverter:
    """A Telegram id: what a bigint holds, negative ones of groups included; anything else is no address."""

    regex = "-?[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if abs(number) > LARGEST_BIGINT:
            raise ValueError
        return number

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(TelegramIdConverter, "telegram_id")
