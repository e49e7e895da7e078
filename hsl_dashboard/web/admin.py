"""How the Django admin shows a table: bounded counts on big ones, deletion only by administrators, our sign-in."""

import json
import re
from typing import Any, ClassVar

import django_celery_beat.admin  # noqa: F401  registered here, to be taken out of the menu below
from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags import admin_list
from django.contrib.admin.utils import display_for_field
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models.expressions import DatabaseDefault
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule

from hsl_dashboard.calendar import FarDay, FarMoment
from hsl_dashboard.web.cascades import count_deleted_along
from hsl_dashboard.web.paging import OpenPaginator

EMAIL = re.compile(r"([^\s\"'<>@])[^\s\"'<>@]*@([^\s\"'<>@]+\.)")

# One way in for staff: throttled, and with the second factor. The admin's own form has neither.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# Staff look at periodic tasks; the kinds of schedules behind them only fill the menu.
admin.site.unregister((ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule))


def _shown(value: Any, *how: Any, **options: Any) -> Any:
    """Show the value of a column as Django does, except for dates that it cannot, and what only the database fills."""
    if isinstance(value, DatabaseDefault):
        return "—"  # of a row that is not saved yet
    return str(value) if isinstance(value, FarDay | FarMoment) else display_for_field(value, *how, **options)


# Django has no hook for it, and both its lists and its forms took the function by name.
admin_list.display_for_field = helpers.display_for_field = _shown  # type: ignore[attr-defined]


class BoundedPaginator(OpenPaginator):
    """Pages through the first rows, and tells how many there are: exactly while they are few, else about."""

    # The admin draws a link for each page, and edits rows in their list, for which it wants a queryset.
    validate_number = Paginator.validate_number
    page = Paginator.page  # type: ignore[assignment]

    @property
    def in_words(self) -> str:
        """How many there are, for the foot of the list."""
        if not self.more:
            return _("Total: %(number)s") % {"number": _grouped(self.count)}
        words = _(
            "About %(about)s. You can page through the first %(reachable)s; use the search and filters for the rest."
        )
        return words % {"about": _grouped(self._estimate()), "reachable": _grouped(self.count)}

    def _estimate(self) -> int:
        """What the planner expects, from pg_class and its statistics: two digits of it are true at best."""
        plan = json.loads(self.object_list.order_by().explain(format="json"))
        rows = max(int(plan[0]["Plan"]["Plan Rows"]), self.count)
        step: int = 10 ** (len(str(rows)) - 2)
        return round(rows / step) * step


class TableChangeList(ChangeList):
    """A list titled by its table, not by "Select … to change": most tables are only read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_popup:
            self.title = capfirst(str(self.opts.verbose_name_plural))

    def get_filters(self, request: HttpRequest) -> Any:
        """Take the filters that stand beside the list, the rows of one row, and no other lookup.

        Django allows any lookup over a table's own fields: ?email__startswith= reads out letter by letter what the
        list itself hides.
        """
        filters = super().get_filters(request)
        lookups = filters[2]  # what no filter of the list took
        for lookup in lookups:
            if not self._is_listed(lookup):
                raise DisallowedModelAdminLookup(f"Filtering by {lookup} is not offered")
        return filters

    def _is_listed(self, lookup: str) -> bool:
        if self.date_hierarchy and lookup in {f"{self.date_hierarchy}__{end}" for end in ("gte", "lt")}:
            return True
        name, _underscores, kind = lookup.partition("__")
        keys = {field.name for field in self.lookup_opts.concrete_fields if field.is_relation}
        return name in keys and kind in {"", "exact"}

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (ValueError, OverflowError) as error:
            # A year 999999 in the address is only noticed when the query is built.
            raise IncorrectLookupParameters from error
        # The foot of the list says how many; beside the search the number would be the bounded one.
        self.full_result_count = self.result_count


def _our_list(self: "admin.ModelAdmin[Any]", request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
    return TableChangeList


# Every list, those of libraries too.
admin.ModelAdmin.get_changelist = _our_list  # type: ignore[method-assign]


class TableAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table that the bot writes too: big, and its rows go only by an administrator who saw what goes along."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 200
    empty_value_display = "—"
    show_facets = admin.ShowFacets.NEVER  # each count would read the table
    deletable: ClassVar[bool] = False  # with the permission alone, not only by administrators

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Head a row's page with what it is; the subtitle says which."""
        if context.get("original") is not None:
            context["title"] = capfirst(str(self.opts.verbose_name))
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self._say(request, _("Saved: %(name)s"), obj)
        return super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self._say(request, _("Saved: %(name)s"), obj)
        return super().response_change(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        self._say(request, _("Removed: %(name)s"), obj_display)
        return super().response_delete(request, obj_display, obj_id)

    def _say(self, request: HttpRequest, words: str, row: Any) -> None:
        """Keep our own sentence: Django's has one gender for every noun, and quotes of another language."""
        request.said = words % {"name": f"{self.opts.verbose_name} {row}"}  # type: ignore[attr-defined]

    def message_user(
        self, request: HttpRequest, message: Any, level: Any = messages.INFO, *args: Any, **kwargs: Any
    ) -> None:
        ours = getattr(request, "said", message) if level == messages.SUCCESS else message
        super().message_user(request, ours, level, *args, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (self.deletable or bool(getattr(request.user, "is_superuser", False)))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer no «delete selected»: many rows at once are never deleted here."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Name what the database deletes along, too."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        rows = self.model._default_manager.filter(pk__in=[row.pk for row in objs])
        along = count_deleted_along(rows)
        named = [f"{capfirst(str(model._meta.verbose_name_plural))}: {number}" for model, number in along.items()]
        counts |= {str(model._meta.verbose_name_plural): number for model, number in along.items()}
        return [*to_delete, *named], counts, lacking, protected


class ReadOnlyAdmin(TableAdmin):
    """A table that staff only read: the bot writes it, or another page does."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def without_emails(text: str) -> str:
    """Hide the e-mail addresses in a text: each look at one is written down, and the admin writes no such notes."""
    return EMAIL.sub(r"\1•••@\2", text)


def page_address(name: str, *args: Any) -> str | None:
    """Address of a page of the dashboard for «View on site»; None where there is no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None


def json_block(value: Any) -> SafeString:
    """Show JSON as people can read it."""
    return format_html('<pre class="json">{}</pre>', without_emails(json.dumps(value, ensure_ascii=False, indent=2)))


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u00a0")
