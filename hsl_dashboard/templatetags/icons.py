"""The tag of an icon."""

from django import template

from hsl_dashboard.web.icons import icon

register = template.Library()
register.simple_tag(icon)
