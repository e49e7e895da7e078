"""Registers the demo, in development only."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "demo"
