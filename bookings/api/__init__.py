"""The JSON routes of bookings, courses, registrations, and of people with what they booked."""

from bookings.api import changes, lists, numbers, payments, people

ROUTERS = (numbers.router, lists.router, people.router, payments.router)

__all__ = ["ROUTERS", "changes"]
