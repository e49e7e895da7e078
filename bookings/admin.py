"""The Django admin of courses, streams, bookings, free lessons, coupons and the hackathon."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from bookings.forms.admin import BookingStatusForm, ReferralCouponForm, StreamRowForm
from bookings.history import booking_history
from bookings.labels import NOTHING, Labels
from bookings.models import (
    Booking,
    BookingChange,
    BulkChange,
    BulkRow,
    Course,
    FreeLessonRegistration,
    HackathonRegistration,
    ReferralCoupon,
    ReferralUsage,
    Stream,
    status_label,
)
from bookings.models.bookings import UNKNOWN_STATUS, WITHOUT_STREAM
from bookings.services.bulk_changes import AT_ONCE, TooMany, prepare_bulk_change, targets_of_bookings
from bookings.services.places import stream_full
from bookings.services.statuses import change_booking_status, moves_for
from bookings.services.telling import status_notices
from hsl_dashboard.web.addresses import MAX_ADDRESS_LENGTH
from hsl_dashboard.web.admin import ReadOnlyAdmin, TableAdmin, page_address, without_emails
from users.admin import PersonRowsMixin, staff_of

Status = Booking.Status


class StatusFilter(admin.SimpleListFilter):
    """The four statuses, and everything that is none of them."""

    title = _("status")
    parameter_name = "status"
    UNKNOWN = "unknown"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [*((str(value), label) for value, label in Status.choices), (self.UNKNOWN, status_label(None))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Booking]") -> "QuerySet[Booking]":
        value = self.value()
        if value == self.UNKNOWN:
            return queryset.filter(UNKNOWN_STATUS)
        known = {str(status.value): status.value for status in Status}
        return queryset.filter(confirmed=known[value]) if value in known else queryset


class StreamFilter(admin.SimpleListFilter):
    """Described streams by name, and the rest."""

    title = _("stream")
    parameter_name = "stream"
    NONE, UNDESCRIBED = "-", "?"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        streams = Stream.objects.in_order().values_list("course_id", "code", "name")
        described = [(f"{course}:{code}", name) for course, code, name in streams]
        return [*described, (self.UNDESCRIBED, _("Not described")), (self.NONE, _("No stream"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Booking]") -> "QuerySet[Booking]":
        value = self.value() or ""
        if value == self.NONE:
            return queryset.filter(WITHOUT_STREAM)
        if value == self.UNDESCRIBED:
            described = Stream.objects.filter(course=models.OuterRef("course"), code=models.OuterRef("course_stream"))
            return queryset.exclude(WITHOUT_STREAM).exclude(models.Exists(described))
        course, _colon, code = value.partition(":")
        if not (course.isascii() and course.isdecimal() and code):
            return queryset
        return queryset.filter(course_id=int(course), course_stream=code)


@admin.register(Booking)
class BookingAdmin(PersonRowsMixin, TableAdmin):
    """Bookings as the bot made them; staff change the status, by the same rules as on the pages."""

    form = BookingStatusForm
    change_form_template = "admin/bookings/booking/change_form.html"
    list_display = ("number", "person", "course_name", "stream", "status_badge", "discount", "created_at")
    list_filter = (
        StatusFilter,
        StreamFilter,
        "course",
        ("referral_code", admin.EmptyFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
    )
    search_help_text = _(
        "Telegram id, @username, part of the name or a referral code; # and a number finds the booking"
    )
    ordering = (models.F("created_at").desc(nulls_last=True), "-id")
    actions = ("confirm_bookings", "cancel_bookings")
    readonly_fields = (
        "person", "username", "first_name", "course_name", "stream_and_code", "discount_percent", "referral_code",
        "created_at", "status_badge",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Booking]":
        described = Stream.objects.filter(course=models.OuterRef("course"), code=models.OuterRef("course_stream"))
        rows: QuerySet[Booking] = super().get_queryset(request).select_related("telegram_user", "course")
        return rows.annotate(stream_name=models.Subquery(described.values("name")[:1]))

    def also_found_by(self, term: str) -> Q:
        return Q(referral_code__iexact=term.strip())

    def view_on_site(self, obj: Booking) -> str | None:
        return page_address("bookings:booking_detail", obj.pk)

    # The form --------------------------------------------------------------------------------------------------------

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Booking | None:
        """Load the booking; locked while its form is saved, so that what the form checked still holds then."""
        booking = super().get_object(request, object_id, from_field)
        if booking is not None and request.method == "POST" and self.has_change_permission(request, booking):
            locked = Booking.objects.select_for_update(of=("self",)).filter(pk=booking.pk).values_list("confirmed")
            for (confirmed,) in locked:
                booking.confirmed = confirmed
        return booking

    def get_form(self, request: HttpRequest, obj: Booking | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None or not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **kwargs | {"form": forms.ModelForm})
        return type("BookingStatusFormForUser", (BookingStatusForm,), {"by": request.user})

    def get_fieldsets(self, request: HttpRequest, obj: Booking | None = None) -> Any:
        facts = [field for field in self.readonly_fields if field != "status_badge"]
        written = (_("Written by the bot"), {"fields": facts})
        if obj is None or not self.has_change_permission(request, obj):
            return [(_("Status"), {"fields": ["status_badge"]}), written]
        moves = moves_for(obj.confirmed, by=request.user)
        fields = ["status_to", "notify", "seen"]
        if BookingStatusForm.asks_for_reason(moves, full=stream_full(obj)):
            fields.insert(1, "reason")
        return [(_("Status"), {"fields": fields}), written]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Tell the booking's history beneath its form."""
        booking = kwargs.get("obj")
        if booking is not None:
            context["history"] = booking_history(booking, Labels.read())
            moves = (
                moves_for(booking.confirmed, by=request.user) if self.has_change_permission(request, booking) else ()
            )
            context["notices"] = status_notices(booking, [move.to for move in moves])
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Booking, form: Any, change: bool) -> None:
        """Save through the service: rules, audit, and the event that the bot would have written."""
        to = form.cleaned_data.get("status_to")
        if to is not None:
            reason = form.cleaned_data.get("reason", "")
            change_booking_status(
                booking=obj,
                to=to,
                by=staff_of(request),
                at=timezone.now(),
                reason=reason,
                expected=form.was,
                overbook=bool(form.full),
                notify=form.cleaned_data["notify"],
            )

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        to = form.cleaned_data.get("status_to")
        return [] if to is None else f"{status_label(form.was)} → {status_label(to)}"

    # Bulk actions ----------------------------------------------------------------------------------------------------

    @admin.action(description=_("Confirm"), permissions=["change"])
    def confirm_bookings(self, request: HttpRequest, queryset: "QuerySet[Booking]") -> HttpResponse | None:
        return self._prepare_change(request, queryset, to=Status.CONFIRMED)

    @admin.action(description=_("Cancel booking"), permissions=["change"])
    def cancel_bookings(self, request: HttpRequest, queryset: "QuerySet[Booking]") -> HttpResponse | None:
        return self._prepare_change(request, queryset, to=Status.CANCELLED)

    def _prepare_change(self, request: HttpRequest, queryset: "QuerySet[Booking]", *, to: int) -> HttpResponse | None:
        """Continue on the bulk change page: a preview first, then the result of each row."""
        bookings = queryset.order_by(*self.ordering)[: AT_ONCE + 1]
        try:
            change = prepare_bulk_change(
                kind=BulkChange.Kind.STATUS,
                value=str(int(to)),
                targets=targets_of_bookings(bookings),
                by=staff_of(request),
                at=timezone.now(),
                next_address=request.get_full_path()[:MAX_ADDRESS_LENGTH],
            )
        except TooMany:
            text = _("At most %(limit)d bookings at once: narrow the list first.") % {"limit": AT_ONCE}
            self.message_user(request, text, messages.ERROR)
            return None
        return redirect("bookings:bulk_change", change.pk)

    # Columns ---------------------------------------------------------------------------------------------------------

    @admin.display(description=_("No."), ordering="id")
    def number(self, booking: Booking) -> str:
        return f"№\u00a0{booking.pk}"

    @admin.display(description=_("course"), ordering="course__name")
    def course_name(self, booking: Booking) -> str:
        return booking.course.name if booking.course else NOTHING

    @admin.display(description=_("stream"), ordering="course_stream")
    def stream(self, booking: Booking) -> str:
        return getattr(booking, "stream_name", None) or booking.course_stream or NOTHING

    @admin.display(description=_("status"), ordering="confirmed")
    def status_badge(self, booking: Booking) -> SafeString:
        return render_to_string("_shared/_status_badge.html", {"status": booking.confirmed})

    @admin.display(description=_("stream"))
    def stream_and_code(self, booking: Booking) -> str:
        name, code = getattr(booking, "stream_name", None), booking.course_stream or NOTHING
        return f"{name} ({code})" if name else code

    @admin.display(description=_("discount"), ordering="discount_percent")
    def discount(self, booking: Booking) -> str:
        percent = f"−{booking.discount_percent}\u00a0%" if booking.discount_percent else NOTHING
        return f"{percent} {booking.referral_code}" if booking.referral_code else percent


@admin.register(Course)
class CourseAdmin(TableAdmin):
    """Courses, which the bot shows and sells: what is written here is what people read there."""

    list_display = ("name", "id", "price", "is_active", "start_date_text")
    list_filter = ("is_active",)
    search_fields = ("name",)
    ordering = ("id",)
    readonly_fields = ("streams",)

    def has_delete_permission(self, request: HttpRequest, obj: Course | None = None) -> bool:
        """Allow it only for a course without bookings: the database protects the others."""
        unused = obj is None or not Booking.objects.filter(course=obj).exists()
        return unused and super().has_delete_permission(request, obj)

    @admin.display(description=_("streams"))
    def streams(self, course: Course) -> SafeString | str:
        """Lead to the streams, which have pages of their own: in rows of a form they would not fit any screen."""
        links = (
            (reverse("admin:bookings_stream_change", args=[stream.pk]), stream.name)
            for stream in Stream.objects.filter(course=course.pk).in_order()
        )
        return format_html_join(", ", '<a href="{}">{}</a>', links) or NOTHING

    @admin.display(description=_("price"), ordering="price_usd_cents")
    def price(self, course: Course) -> str:
        return f"${course.price_usd_cents / 100:.2f}"


@admin.register(Stream)
class StreamAdmin(TableAdmin):
    """Streams: the school's own description of the codes that the bot writes."""

    form = StreamRowForm
    deletable = True
    list_display = ("name", "code", "course", "capacity", "starts_on", "campaign_starts_on", "price", "is_current")
    list_filter = ("course", "is_current")
    list_select_related = ("course",)
    search_fields = ("name", "code")
    ordering = ("course", models.F("starts_on").desc(nulls_last=True), "code")

    def view_on_site(self, obj: Stream) -> str | None:
        return page_address("bookings:stream_detail", obj.code)


@admin.register(FreeLessonRegistration)
class FreeLessonRegistrationAdmin(PersonRowsMixin, ReadOnlyAdmin):
    list_display = ("id", "person", "hidden_email", "lesson_type", "lesson_date", "registered_at", "notification_sent")
    list_filter = ("notification_sent", ("lesson_date", admin.DateFieldListFilter))
    ordering = (models.F("registered_at").desc(nulls_last=True), "-id")
    fields = (
        "telegram_user", "username", "first_name", "hidden_email", "lesson_type", "lesson_date", "registered_at",
        "notification_sent",
    )  # fmt: skip

    @admin.display(description=_("e-mail"))
    def hidden_email(self, registration: FreeLessonRegistration) -> str:
        return without_emails(registration.email)


@admin.register(ReferralCoupon)
class ReferralCouponAdmin(TableAdmin):
    """Coupons: staff make them, limit them and switch them off; the bot counts their use."""

    form = ReferralCouponForm
    list_display = ("code", "name", "discount_percent", "used", "active", "created_at")
    list_filter = ("is_active", "discount_percent")
    search_fields = ("code", "name")
    ordering = (models.F("created_at").desc(nulls_last=True), "-id")

    def get_readonly_fields(self, request: HttpRequest, obj: ReferralCoupon | None = None) -> tuple[str, ...]:
        # The bot looks a coupon up by its code: people hold the old one.
        return ("code", "created_by", "current_activations", "created_at") if obj else ()

    @admin.display(description=_("activations"), ordering="current_activations")
    def used(self, coupon: ReferralCoupon) -> str:
        return f"{coupon.current_activations or 0} / {coupon.max_activations}"

    @admin.display(description=_("active"), boolean=True, ordering="is_active")
    def active(self, coupon: ReferralCoupon) -> bool:
        return bool(coupon.is_active)


@admin.register(ReferralUsage)
class ReferralUsageAdmin(PersonRowsMixin, ReadOnlyAdmin):
    list_display = ("id", "coupon", "person", "booking", "used_at")
    list_select_related = ("telegram_user", "coupon", "booking")
    ordering = ("-id",)
    search_help_text = _("Telegram id, @username, part of the name or the code; # and a number finds the row itself")

    def also_found_by(self, term: str) -> Q:
        return Q(coupon__code__iexact=term.strip())


@admin.register(HackathonRegistration)
class HackathonRegistrationAdmin(PersonRowsMixin, ReadOnlyAdmin):
    list_display = ("id", "person", "username", "created_at")
    ordering = ("-id",)


@admin.register(BookingChange)
class BookingChangeAdmin(ReadOnlyAdmin):
    """What triggers wrote down: statuses that changed, and new registrations."""

    list_display = (
        "id", "of_booking", "of_registration", "was", "status", "is_new", "changed_at",
        "changed_by", "reason", "origin", "told_at",
    )  # fmt: skip
    list_select_related = ("changed_by",)
    list_filter = ("status", "is_new", "origin")
    ordering = ("-id",)
    sortable_by = ()

    # Numbers alone: a record outlives what it is about.
    @admin.display(description=_("booking"))
    def of_booking(self, change: BookingChange) -> int | None:
        return change.booking_id

    @admin.display(description=_("free lesson registration"))
    def of_registration(self, change: BookingChange) -> int | None:
        return change.registration_id


@admin.register(BulkChange)
class BulkChangeAdmin(ReadOnlyAdmin):
    """Who changed many at once, to what, when and why."""

    list_display = ("kind", "value", "made_by", "prepared_at", "finished_at", "reason")
    list_select_related = ("made_by",)
    list_filter = ("kind",)
    ordering = ("-prepared_at",)
    sortable_by = ()


@admin.register(BulkRow)
class BulkRowAdmin(PersonRowsMixin, ReadOnlyAdmin):
    """What became of each booking or person in those changes."""

    list_display = ("id", "change", "person", "booking", "state", "note")
    list_select_related = ("change", "telegram_user", "booking")
    list_filter = ("state",)
    ordering = ("-id",)
    sortable_by = ()
