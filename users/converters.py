"""Parts of addresses that Django has no converter for."""

from django.urls import register_converter

LARGEST_ID = 2**63 - 1


class TelegramIdConverter:
    """A Telegram id: what a bigint holds, negative ones of groups included; anything else is no address."""

    regex = "-?[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if abs(number) > LARGEST_ID:
            raise ValueError
        return number

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(TelegramIdConverter, "telegram_id")
