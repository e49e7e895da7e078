"""Registers the app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = _("Users")

    def ready(self) -> None:
        from users.person.timeline_sources import register_own_sources
        from users.personal_data.erasure import keep_events
        from users.staff.roles import keep_roles

        keep_events()
        post_migrate.connect(keep_roles, dispatch_uid="users.keep_roles")
        register_own_sources()
