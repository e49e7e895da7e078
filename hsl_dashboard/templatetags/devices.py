"""Browsers in words, for the list of sessions."""

from django import template

from hsl_dashboard.web.clients import device_name

register = template.Library()
register.filter(device_name)
