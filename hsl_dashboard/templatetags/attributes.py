"""The filter of attributes of a tag, for the templates of widgets."""

from django import template
from django.forms.utils import flatatt

register = template.Library()
register.filter("flat", flatatt)
