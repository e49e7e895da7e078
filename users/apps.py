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
        from hsl_dashboard.web.navigation import register_menu_views
        from hsl_dashboard.web.saved_lists import register_saved_list
        from hsl_dashboard.web.system import register_system_lines
        from hsl_dashboard.web.today import register_today_lines
        from users.audit.lines import register_row_address
        from users.people.jump import PEOPLE
        from users.people.today import LINES
        from users.person.context import person_address
        from users.person.extensions import register_person_extension
        from users.person.own import USERS
        from users.retention.own import RULES
        from users.retention.rules import register_keeping_rule
        from users.retention.system import kept_how_long
        from users.saved.lists import AUDIT_LIST, PEOPLE_LIST
        from users.saved.menu import menu_views
        from users.staff.audit import listen
        from users.staff.roles import keep_roles
        from users.staff.sessions import remember_session
        from users.undo.people import UNDO_PEOPLE
        from users.undo.services import register_undo

        register_person_extension(USERS)
        register_jump_source(PEOPLE)
        register_today_lines(LINES)
        register_row_address("users", lambda number: person_address(int(number)))
        for kind in UNDO_PEOPLE:
            register_undo(kind)
        register_menu_views(menu_views)
        register_saved_list(PEOPLE_LIST)
        register_saved_list(AUDIT_LIST)
        for rule in RULES:
            register_keeping_rule(rule)
        register_system_lines(kept_how_long)
        listen()
        user_logged_in.connect(remember_session, dispatch_uid="users.remember_session")
        post_migrate.connect(keep_roles, dispatch_uid="users.keep_roles")
