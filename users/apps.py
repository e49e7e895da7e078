"""Registers the app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = _("Users")

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from hsl_dashboard.web.jump import register_jump_source
        from hsl_dashboard.web.today import register_today_lines
        from users.audit.lines import register_row_address
        from users.people.jump import PEOPLE
        from users.people.today import LINES
        from users.person.context import person_address
        from users.person.extensions import register_person_extension
        from users.person.own import USERS
        from users.staff.audit import listen
        from users.staff.roles import keep_roles
        from users.staff.sessions import remember_session

        register_person_extension(USERS)
        register_jump_source(PEOPLE)
        register_today_lines(LINES)
        register_row_address("users", lambda number: person_address(int(number)))
        listen()
        user_logged_in.connect(remember_session, dispatch_uid="users.remember_session")
        post_migrate.connect(keep_roles, dispatch_uid="users.keep_roles")
