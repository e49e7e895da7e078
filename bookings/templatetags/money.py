"""Amounts of money as staff read them."""

from decimal import Decimal

from django import template

from bookings.labels import money_text

register = template.Library()


@register.filter
def amount(value: Decimal | None, currency: str) -> str:
    """Show an amount in a currency; a dash for none."""
    return "—" if value is None else money_text(value, currency)


@register.filter
def amounts(sums: dict[str, Decimal]) -> str:
    """Show what there is of each currency, never added up."""
    return ", ".join(money_text(value, currency) for currency, value in sums.items())
