"""Objects for tests, one line each."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from bookings.models import Booking, Course, FreeLessonRegistration, Payment, ReferralCoupon, Stream
from hsl_dashboard.db import run_sql
from messaging.models import Automation, Broadcast, Recipient
from users.models import Event, TelegramUser, User

PASSWORD = "correct horse battery staple"  # of every member of staff


class UserFactory(DjangoModelFactory[User]):
    """A member of staff; ``permissions=["bookings.view_booking"]`` grants exactly those."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"staff{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.test")
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def permissions(self: User, create: bool, extracted: list[str] | None) -> None:
        from django.contrib.auth.models import Permission

        for name in extracted or []:
            app_label, codename = name.split(".")
            self.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))


class TelegramUserFactory(DjangoModelFactory[TelegramUser]):
    class Meta:
        model = TelegramUser

    user_id = factory.Sequence(lambda n: 5_000_000_000 + n)
    username = factory.Sequence(lambda n: f"person{n}")
    first_name = "Анна"
    last_name = "Петрова"
    language_code = "ru"

    @classmethod
    def _create(cls, model_class: type[TelegramUser], *args: Any, **kwargs: Any) -> TelegramUser:
        """Count the new person, as beat does within seconds: most tests are about somebody who is known for longer."""
        person: TelegramUser = super()._create(model_class, *args, **kwargs)
        run_sql("SELECT person_totals_fold(ARRAY[%s::bigint])", [person.pk])
        return person


class CourseFactory(DjangoModelFactory[Course]):
    """The school's first course, which the migrations made; name another for a second one."""

    class Meta:
        model = Course
        django_get_or_create = ("name",)

    name = "Вайб кодинг"
    button_text = "Вайб кодинг"


class StreamFactory(DjangoModelFactory[Stream]):
    class Meta:
        model = Stream
        django_get_or_create = ("course", "code")

    course = factory.SubFactory(CourseFactory)
    code = "8th_stream"
    name = "8-й поток"


class BookingFactory(DjangoModelFactory[Booking]):
    class Meta:
        model = Booking

    telegram_user = factory.SubFactory(TelegramUserFactory)
    course = factory.SubFactory(CourseFactory)
    course_stream = "8th_stream"
    confirmed = Booking.Status.PENDING
    created_at = datetime(2026, 11, 2, 12, 30, tzinfo=UTC)
    discount_percent = 0


class PaymentFactory(DjangoModelFactory[Payment]):
    class Meta:
        model = Payment

    booking = factory.SubFactory(BookingFactory)
    amount = Decimal(100)
    currency = "USD"
    source = Payment.Source.HAND
    received_at = datetime(2026, 11, 2, 12, 30, tzinfo=UTC)


class FreeLessonRegistrationFactory(DjangoModelFactory[FreeLessonRegistration]):
    class Meta:
        model = FreeLessonRegistration

    telegram_user = factory.SubFactory(TelegramUserFactory)
    email = "anna@example.test"
    lesson_type = "cursor_lesson"


class ReferralCouponFactory(DjangoModelFactory[ReferralCoupon]):
    class Meta:
        model = ReferralCoupon

    code = factory.Sequence(lambda n: f"CODE{n}")
    discount_percent = 10
    max_activations = 5
    created_by = 5_000_000_000


class EventFactory(DjangoModelFactory[Event]):
    class Meta:
        model = Event

    telegram_user = factory.SubFactory(TelegramUserFactory)
    event_type = "start_command"


class BroadcastFactory(DjangoModelFactory[Broadcast]):
    """One that waits for somebody to start it; ``state=Broadcast.State.SENDING`` for one that runs."""

    class Meta:
        model = Broadcast

    message_text = "Привет!"
    state = Broadcast.State.SCHEDULED


class RecipientFactory(DjangoModelFactory[Recipient]):
    class Meta:
        model = Recipient

    message = factory.SubFactory(BroadcastFactory)
    telegram_user = factory.SubFactory(TelegramUserFactory)
    state = Recipient.State.PENDING


class AutomationFactory(DjangoModelFactory[Automation]):
    """A rule that is on since long ago; the migration made it, unless an earlier test emptied the tables."""

    class Meta:
        model = Automation
        django_get_or_create = ("kind",)

    kind = "booking_confirmed"
    template = "{first_name|друг}, {course}, {stream|?}, {starts_on|?}"

    @classmethod
    def _create(cls, model_class: type[Automation], *args: object, **kwargs: Any) -> Automation:
        kind = kwargs.pop("kind")
        values = {"is_on": True, "switched_on_at": datetime(2020, 1, 1, tzinfo=UTC), "offset": 0} | kwargs
        return model_class.objects.update_or_create(kind=kind, defaults=values)[0]
