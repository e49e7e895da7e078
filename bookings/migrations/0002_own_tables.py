"""Our own tables: streams, payments, what is counted; and the history of bookings, streams, coupons and payments."""

import django.contrib.postgres.functions
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
import users.models.fields
import uuid
from django.conf import settings
from django.db import migrations, models


AUDIT_KNOWS_BOOKING = """
-- Says whether the audit has anything of a booking. One statement may edit very many bookings while the audit is empty,
-- and a plan drawn up then would read the whole of it for each: only the index is allowed.
CREATE OR REPLACE FUNCTION audit_knows_booking(booking integer) RETURNS boolean
LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT EXISTS (SELECT FROM bookings_bookingevent WHERE pgh_obj_id = booking)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0001_bot_tables"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0003_own_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="BookingChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="changes",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "registration",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="changes",
                        to="bookings.freelessonregistration",
                        verbose_name="free lesson registration",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("was", models.IntegerField(null=True, verbose_name="old status")),
                ("status", models.IntegerField(null=True, verbose_name="new status")),
                ("is_new", models.BooleanField(verbose_name="the row is new")),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="changed"
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                ("reason", models.TextField(blank=True, db_default="", verbose_name="reason")),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("page", "Page"),
                            ("admin", "Django admin"),
                            ("bulk", "Bulk change"),
                            ("undo", "Undo"),
                            ("service", "Program of ours"),
                            ("raw", "SQL, as the bot writes"),
                        ],
                        db_default="raw",
                        max_length=20,
                        verbose_name="changed from",
                    ),
                ),
                ("told_at", models.DateTimeField(null=True, verbose_name="told by staff")),
                ("undone_at", models.DateTimeField(null=True, verbose_name="undone")),
            ],
            options={
                "verbose_name": "change of a booking",
                "verbose_name_plural": "changes of bookings",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        models.F("booking"),
                        models.F("id"),
                        condition=models.Q(("booking", None), _negated=True),
                        name="bookings_change_booking",
                    ),
                    models.Index(
                        models.F("registration"),
                        condition=models.Q(("registration", None), _negated=True),
                        name="bookings_change_registration",
                    ),
                    models.Index(
                        models.F("status"),
                        models.F("changed_at"),
                        condition=models.Q(("status__lt", 0), ("status__gt", 0), _connector="OR"),
                        name="bookings_change_status",
                    ),
                    models.Index(
                        models.F("telegram_user"),
                        models.OrderBy(models.F("changed_at"), descending=True, nulls_last=True),
                        models.OrderBy(models.F("id"), descending=True),
                        condition=models.Q(("is_new", False)),
                        name="bookings_change_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BookingCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("part", models.CharField(choices=[("stream", "Stream"), ("code", "Code")], max_length=10)),
                ("course_id", models.IntegerField(null=True)),
                ("key", models.TextField(db_collation="C")),
                ("status", models.IntegerField(null=True)),
                ("number", models.BigIntegerField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BookingEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="bookings.booking",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.IntegerField()),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("username", models.TextField(blank=True, null=True, verbose_name="username")),
                ("first_name", models.TextField(blank=True, null=True, verbose_name="first name")),
                (
                    "course",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="bookings.course",
                        verbose_name="course",
                    ),
                ),
                ("confirmed", models.IntegerField(blank=True, db_default=0, null=True, verbose_name="status")),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
                ("referral_code", models.TextField(blank=True, null=True, verbose_name="referral code")),
                (
                    "discount_percent",
                    models.IntegerField(blank=True, db_default=0, null=True, verbose_name="discount, %"),
                ),
                (
                    "course_stream",
                    models.CharField(
                        blank=True, db_default="4th_stream", max_length=50, null=True, verbose_name="stream"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="BookingMoney",
            fields=[
                (
                    "booking",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="money",
                        serialize=False,
                        to="bookings.booking",
                    ),
                ),
                ("price", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                (
                    "currency",
                    models.CharField(
                        choices=[("USD", "USD"), ("EUR", "EUR"), ("RUB", "RUB"), ("KZT", "KZT")], max_length=3
                    ),
                ),
                ("discount", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ("expected", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
            ],
            options={
                "db_table": "booking_money",
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BulkChange",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("status", "Status"), ("stream", "Stream"), ("tag", "Tag")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        help_text="A status number, a stream code or a tag.", max_length=100, verbose_name="value"
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("notify", models.BooleanField(db_default=False, default=False, verbose_name="the students are told")),
                ("next", models.TextField(blank=True, verbose_name="list it came from")),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="bulk_changes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                ("prepared_at", models.DateTimeField(verbose_name="prepared")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "bulk change",
                "verbose_name_plural": "bulk changes",
            },
        ),
        migrations.CreateModel(
            name="BulkRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "change",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="bookings.bulkchange",
                        verbose_name="bulk change",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                ("typed", models.TextField(blank=True, verbose_name="as it was pasted")),
                ("seen_status", models.IntegerField(null=True)),
                ("seen_stream", models.TextField(null=True)),
                ("needs_reason", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ready", "Will be changed"),
                            ("refused", "Will not be changed"),
                            ("done", "Changed"),
                            ("undone", "Undone"),
                            ("failed", "Not changed"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="why not")),
            ],
            options={
                "verbose_name": "row of a bulk change",
                "verbose_name_plural": "rows of bulk changes",
                "ordering": ("change", "position"),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("change", "position"), name="bookings_bulkrow_once"),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="bookings_bulkrow_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="bookings_bulkrow_booking_id_fkey", on_delete="CASCADE"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Confirmation",
            fields=[
                (
                    "booking",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        serialize=False,
                        to="bookings.booking",
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(models.F("confirmed_at"), models.F("booking"), name="bookings_confirmed_at")],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="bookings_confirmation_booking_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LessonSteps",
            fields=[
                (
                    "registration",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="steps",
                        serialize=False,
                        to="bookings.freelessonregistration",
                        verbose_name="free lesson registration",
                    ),
                ),
                ("user_id", models.BigIntegerField(db_index=True, verbose_name="Telegram id")),
                ("lesson_type", models.TextField(db_collation="C", db_default="", verbose_name="lesson")),
                (
                    "lesson_on",
                    users.models.fields.EverSortedDateField(db_default="-infinity", verbose_name="lesson date"),
                ),
                (
                    "registered_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="registered"),
                ),
                ("reminded", models.BooleanField(db_default=False, verbose_name="reminder sent")),
                ("attended_at", models.DateTimeField(null=True, verbose_name="came")),
                ("booked_at", models.DateTimeField(null=True, verbose_name="booked")),
                ("confirmed", models.BooleanField(db_default=False, verbose_name="confirmed")),
            ],
            options={
                "verbose_name": "way of a registration",
                "verbose_name_plural": "ways of registrations",
                "db_table": "lesson_steps",
                "default_permissions": (),
                "indexes": [
                    models.Index(models.F("registered_at"), models.F("registration"), name="lesson_steps_newest"),
                    models.Index(models.F("lesson_on"), models.F("registration"), name="lesson_steps_by_day"),
                    models.Index(
                        models.F("lesson_type"),
                        models.F("registered_at"),
                        models.F("registration"),
                        name="lesson_steps_of_lesson",
                    ),
                    models.Index(
                        models.F("lesson_on"),
                        models.F("lesson_type"),
                        include=("reminded", "attended_at", "booked_at", "confirmed"),
                        name="lesson_steps_counted",
                    ),
                    models.Index(
                        models.F("registered_at"),
                        models.F("registration"),
                        condition=models.Q(("booked_at__isnull", False)),
                        name="lesson_steps_booked",
                    ),
                    models.Index(
                        models.F("registered_at"),
                        models.F("registration"),
                        condition=models.Q(("confirmed", True)),
                        name="lesson_steps_confirmed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MoneyDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(null=True)),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("stream", "Stream"),
                            ("code", "Code"),
                            ("stream_m", "Stream Of Month"),
                            ("code_m", "Code Of Month"),
                        ],
                        max_length=10,
                    ),
                ),
                ("course_id", models.IntegerField(null=True)),
                ("key", models.TextField(db_collation="C")),
                ("currency", models.CharField(max_length=3)),
                ("received", models.DecimalField(decimal_places=2, max_digits=20)),
                ("refunded", models.DecimalField(decimal_places=2, max_digits=20)),
                ("payments", models.IntegerField()),
                ("expected", models.DecimalField(decimal_places=2, max_digits=20)),
                ("bookings", models.IntegerField()),
                ("unpriced", models.IntegerField()),
                ("confirmed", models.IntegerField(db_default=0)),
                ("discount", models.DecimalField(db_default=0, decimal_places=2, max_digits=20)),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["part", "day"], name="bookings_moneyday_part")],
            },
        ),
        migrations.CreateModel(
            name="MoneyMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(null=True)),
                ("everything", models.BooleanField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="payments",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, verbose_name="amount")),
                (
                    "currency",
                    models.CharField(
                        choices=[("USD", "USD"), ("EUR", "EUR"), ("RUB", "RUB"), ("KZT", "KZT")],
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("hand", "Entered by hand"), ("bank", "Bank"), ("webhook", "Payment service")],
                        db_default="hand",
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                (
                    "external_id",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="number at the source"),
                ),
                ("received_at", models.DateTimeField(verbose_name="received")),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="payments_recorded",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
                ("note", models.TextField(blank=True, db_default="", verbose_name="note")),
            ],
            options={
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("received_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="bookings_payment_newest",
                    ),
                    models.Index(models.F("currency"), name="bookings_payment_currency"),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="bookings_payment_booking_id_fkey", on_delete="SET NULL"
                    ),
                    models.UniqueConstraint(fields=("source", "external_id"), name="bookings_payment_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="bookings_payment_of_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IncomingPayment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[("hand", "Entered by hand"), ("bank", "Bank"), ("webhook", "Payment service")],
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                ("event_id", models.CharField(max_length=200, verbose_name="number of the notice")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("payment.received", "Payment"),
                            ("payment.refunded", "Refund"),
                            ("unreadable", "Unreadable"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("booking_number", models.BigIntegerField(null=True, verbose_name="number of the booking as sent")),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=200, verbose_name="number at the source")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name="amount")),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                ("paid_at", models.DateTimeField(null=True, verbose_name="paid")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                ("raw", models.TextField(null=True)),
                (
                    "received_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="received"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("applied", "Recorded"),
                            ("unmatched", "Not matched"),
                            ("dismissed", "Dismissed"),
                        ],
                        db_default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unreadable", "The notice could not be read"),
                            ("booking", "There is no such booking"),
                            ("amount", "The amount is not what the booking still owes"),
                            ("number", "Another payment has this number"),
                            ("cancelled", "The booking is cancelled"),
                            ("full", "The stream has no free place"),
                            ("status", "The booking's status does not allow it"),
                            ("refund", "More was given back than was received"),
                            ("failed", "It could not be recorded in ten tries"),
                        ],
                        db_default="",
                        max_length=10,
                        verbose_name="why",
                    ),
                ),
                ("tries", models.SmallIntegerField(db_default=0)),
                ("next_try_at", models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow())),
                (
                    "payment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="bookings.payment",
                        verbose_name="payment",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                ("reason", models.CharField(blank=True, db_default="", max_length=500, verbose_name="reason")),
            ],
            options={
                "verbose_name": "notice of a payment",
                "verbose_name_plural": "notices of payments",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["next_try_at"],
                        name="bookings_incoming_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("state", "unmatched")),
                        fields=["received_at", "id"],
                        name="bookings_incoming_people",
                    ),
                    models.Index(
                        condition=models.Q(("raw__isnull", False)), fields=["received_at"], name="bookings_incoming_raw"
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="bookings_incoming_booking_id_fkey", on_delete="SET NULL"
                    ),
                    models.UniqueConstraint(fields=("source", "event_id"), name="bookings_incoming_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="bookings.payment",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, verbose_name="amount")),
                (
                    "currency",
                    models.CharField(
                        choices=[("USD", "USD"), ("EUR", "EUR"), ("RUB", "RUB"), ("KZT", "KZT")],
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("hand", "Entered by hand"), ("bank", "Bank"), ("webhook", "Payment service")],
                        db_default="hand",
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                (
                    "external_id",
                    models.CharField(blank=True, max_length=200, null=True, verbose_name="number at the source"),
                ),
                ("received_at", models.DateTimeField(verbose_name="received")),
                (
                    "recorded_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PaymentMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PaymentRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "long_hours",
                    models.PositiveIntegerField(
                        default=4,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                        verbose_name="waits long after, hours",
                    ),
                ),
                (
                    "late_hours",
                    models.PositiveIntegerField(
                        default=24,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                        verbose_name="waits too long after, hours",
                    ),
                ),
                (
                    "chat_url",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[django.core.validators.URLValidator(["https"])],
                        verbose_name="chat with the receipts",
                    ),
                ),
                (
                    "bot_tells",
                    models.BooleanField(default=True, verbose_name="the bot tells about its own confirmations"),
                ),
                (
                    "decline_text",
                    models.TextField(blank=True, default="", max_length=1000, verbose_name="words of declining"),
                ),
                (
                    "ask_text",
                    models.TextField(blank=True, default="", max_length=1000, verbose_name="words of asking again"),
                ),
            ],
            options={
                "verbose_name": "rules of payments",
                "verbose_name_plural": "rules of payments",
                "default_permissions": ("change",),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="bookings_paymentrules_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentRulesEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="bookings.paymentrules",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "long_hours",
                    models.PositiveIntegerField(
                        default=4,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                        verbose_name="waits long after, hours",
                    ),
                ),
                (
                    "late_hours",
                    models.PositiveIntegerField(
                        default=24,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                        verbose_name="waits too long after, hours",
                    ),
                ),
                (
                    "chat_url",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[django.core.validators.URLValidator(["https"])],
                        verbose_name="chat with the receipts",
                    ),
                ),
                (
                    "bot_tells",
                    models.BooleanField(default=True, verbose_name="the bot tells about its own confirmations"),
                ),
                (
                    "decline_text",
                    models.TextField(blank=True, default="", max_length=1000, verbose_name="words of declining"),
                ),
                (
                    "ask_text",
                    models.TextField(blank=True, default="", max_length=1000, verbose_name="words of asking again"),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PersonToStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "lesson_steps_pending",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ReferralCouponEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="bookings.referralcoupon",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.IntegerField()),
                ("code", models.TextField(verbose_name="code")),
                ("name", models.TextField(blank=True, null=True, verbose_name="name")),
                ("discount_percent", models.IntegerField(verbose_name="discount, %")),
                ("max_activations", models.IntegerField(verbose_name="activations allowed")),
                (
                    "current_activations",
                    models.IntegerField(blank=True, db_default=0, null=True, verbose_name="activations used"),
                ),
                ("created_by", models.BigIntegerField(verbose_name="created by, Telegram id")),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
                ("is_active", models.IntegerField(blank=True, db_default=1, null=True, verbose_name="active")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="streams",
                        to="bookings.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        help_text="As the bot writes it, for example 8th_stream.", max_length=50, verbose_name="code"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("capacity", models.PositiveIntegerField(blank=True, null=True, verbose_name="places")),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="starts on")),
                (
                    "campaign_starts_on",
                    models.DateField(
                        blank=True,
                        help_text="Who viewed the programme since this day counts as “Viewed”. Empty: since the first booking.",
                        null=True,
                        verbose_name="campaign starts on",
                    ),
                ),
                ("is_current", models.BooleanField(default=False, verbose_name="current")),
                (
                    "price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Before any discount. Empty: the price of the course, in US dollars.",
                        max_digits=10,
                        null=True,
                        verbose_name="price",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[("USD", "USD"), ("EUR", "EUR"), ("RUB", "RUB"), ("KZT", "KZT")],
                        db_default="USD",
                        default="USD",
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
            ],
            options={
                "verbose_name": "stream",
                "verbose_name_plural": "streams",
                "constraints": [
                    models.UniqueConstraint(fields=("course", "code"), name="bookings_stream_once_per_course"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)), fields=("course",), name="bookings_stream_one_current"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price", None), ("price__gte", 0), _connector="OR"),
                        name="bookings_stream_price",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StreamEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="bookings.stream",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "course",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="bookings.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        help_text="As the bot writes it, for example 8th_stream.", max_length=50, verbose_name="code"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("capacity", models.PositiveIntegerField(blank=True, null=True, verbose_name="places")),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="starts on")),
                (
                    "campaign_starts_on",
                    models.DateField(
                        blank=True,
                        help_text="Who viewed the programme since this day counts as “Viewed”. Empty: since the first booking.",
                        null=True,
                        verbose_name="campaign starts on",
                    ),
                ),
                ("is_current", models.BooleanField(default=False, verbose_name="current")),
                (
                    "price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Before any discount. Empty: the price of the course, in US dollars.",
                        max_digits=10,
                        null=True,
                        verbose_name="price",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[("USD", "USD"), ("EUR", "EUR"), ("RUB", "RUB"), ("KZT", "KZT")],
                        db_default="USD",
                        default="USD",
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="WaitingPayment",
            fields=[
                (
                    "booking",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="waiting_payment",
                        serialize=False,
                        to="bookings.booking",
                    ),
                ),
                ("user_id", models.BigIntegerField(db_index=True, verbose_name="Telegram id")),
                ("status", models.IntegerField(null=True, verbose_name="status")),
                ("since", models.DateTimeField(verbose_name="waits since")),
                ("proof_at", models.DateTimeField(null=True, verbose_name="last proof")),
                (
                    "came_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="seen first"
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="payments_to_decide",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who decides",
                    ),
                ),
                ("put_off_until", models.DateTimeField(null=True, verbose_name="put off until")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="student asked")),
            ],
            options={
                "verbose_name": "waiting payment",
                "verbose_name_plural": "waiting payments",
                "permissions": [("decide_payment", "Can confirm and decline payments, and ask students about them")],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        models.F("since"),
                        models.F("booking"),
                        condition=models.Q(("answered_at", None), ("put_off_until", None)),
                        name="bookings_waiting_open",
                    ),
                    models.Index(models.F("came_at"), name="bookings_waiting_newest"),
                    models.Index(
                        models.F("put_off_until"),
                        condition=models.Q(("put_off_until__isnull", False)),
                        name="bookings_waiting_put_off",
                    ),
                    models.Index(
                        models.F("since"),
                        models.F("booking"),
                        condition=models.Q(("answered_at__isnull", False)),
                        name="bookings_waiting_answered",
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="bookings_waiting_booking_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_paymentevent" ("amount", "booking_id", "currency", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "received_at", "recorded_by_id", "source") VALUES (NEW."amount", NEW."booking_id", NEW."currency", NEW."external_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."received_at", NEW."recorded_by_id", NEW."source"); RETURN NULL;',
                    hash="983366a8fcece636de1a7af774c1af9e5c5d5caf",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_82041",
                    table="bookings_payment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."booking_id" IS DISTINCT FROM (NEW."booking_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."received_at" IS DISTINCT FROM (NEW."received_at") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."source" IS DISTINCT FROM (NEW."source"))',
                    func='INSERT INTO "bookings_paymentevent" ("amount", "booking_id", "currency", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "received_at", "recorded_by_id", "source") VALUES (NEW."amount", NEW."booking_id", NEW."currency", NEW."external_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."received_at", NEW."recorded_by_id", NEW."source"); RETURN NULL;',
                    hash="601ec5cb6674d3eaa0bf3929b021a220abe3ffbc",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_3a7df",
                    table="bookings_payment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_paymentevent" ("amount", "booking_id", "currency", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "received_at", "recorded_by_id", "source") VALUES (OLD."amount", OLD."booking_id", OLD."currency", OLD."external_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."received_at", OLD."recorded_by_id", OLD."source"); RETURN NULL;',
                    hash="cea00b7c481bc68156ec3d1463d86dc6f2aa7f62",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_d6c1c",
                    table="bookings_payment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="paymentrules",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_paymentrulesevent" ("ask_text", "bot_tells", "chat_url", "decline_text", "id", "late_hours", "long_hours", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."ask_text", NEW."bot_tells", NEW."chat_url", NEW."decline_text", NEW."id", NEW."late_hours", NEW."long_hours", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="a53b8b2832d93ce672fc874ad2df47faaa838624",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_bee4f",
                    table="bookings_paymentrules",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="paymentrules",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "bookings_paymentrulesevent" ("ask_text", "bot_tells", "chat_url", "decline_text", "id", "late_hours", "long_hours", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."ask_text", NEW."bot_tells", NEW."chat_url", NEW."decline_text", NEW."id", NEW."late_hours", NEW."long_hours", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="782601c2700abfada16cd15d0d7b62fdd455edcd",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_43838",
                    table="bookings_paymentrules",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="stream",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "currency", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "price", "starts_on") VALUES (NEW."campaign_starts_on", NEW."capacity", NEW."code", NEW."course_id", NEW."currency", NEW."id", NEW."is_current", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."price", NEW."starts_on"); RETURN NULL;',
                    hash="b79a88511516a917fbbb39c77634dfc9d543461f",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_f5ad2",
                    table="bookings_stream",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="stream",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "currency", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "price", "starts_on") VALUES (NEW."campaign_starts_on", NEW."capacity", NEW."code", NEW."course_id", NEW."currency", NEW."id", NEW."is_current", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."price", NEW."starts_on"); RETURN NULL;',
                    hash="49624de8f1a0a2feea01b845688715ac842a3663",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_39c88",
                    table="bookings_stream",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="stream",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "currency", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "price", "starts_on") VALUES (OLD."campaign_starts_on", OLD."capacity", OLD."code", OLD."course_id", OLD."currency", OLD."id", OLD."is_current", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."price", OLD."starts_on"); RETURN NULL;',
                    hash="1cc5ab450ef4726beeb9e92af1eccca0ed919838",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_c2d22",
                    table="bookings_stream",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="notified_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="student told"),
        ),
        migrations.AddField(
            model_name="booking",
            name="notified_about",
            field=models.CharField(blank=True, db_default="", max_length=30, verbose_name="told about"),
        ),
        migrations.AddField(
            model_name="booking",
            name="notice_error",
            field=models.CharField(
                blank=True, db_default="", max_length=30, verbose_name="why the student was not told"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (current_setting('pghistory.context_metadata', true) <> '')",
                    func='INSERT INTO "bookings_bookingevent" ("confirmed", "course_id", "course_stream", "created_at", "discount_percent", "first_name", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "referral_code", "user_id", "username") VALUES (NEW."confirmed", NEW."course_id", NEW."course_stream", NEW."created_at", NEW."discount_percent", NEW."first_name", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."referral_code", NEW."user_id", NEW."username"); RETURN NULL;',
                    hash="8f64efa42cc3c12aafa4047586a15fc7f1a0cce9",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_28bb6",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_bookingevent" ("confirmed", "course_id", "course_stream", "created_at", "discount_percent", "first_name", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "referral_code", "user_id", "username") VALUES (OLD."confirmed", OLD."course_id", OLD."course_stream", OLD."created_at", OLD."discount_percent", OLD."first_name", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."referral_code", OLD."user_id", OLD."username"); RETURN NULL;',
                    hash="a45681d96e2ab87b108a59ced0e0914ac572c97e",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_0839f",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(AUDIT_KNOWS_BOOKING, "DROP FUNCTION audit_knows_booking"),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_first",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF TG_OP = 'UPDATE' AND (OLD.user_id, OLD.username, OLD.first_name, OLD.course_id, OLD.course_stream, OLD.created_at, OLD.referral_code, OLD.discount_percent) IS NOT DISTINCT FROM (NEW.user_id, NEW.username, NEW.first_name, NEW.course_id, NEW.course_stream, NEW.created_at, NEW.referral_code, NEW.discount_percent) THEN\n                RETURN NULL;\n            END IF;\n            INSERT INTO bookings_bookingevent (id, user_id, username, first_name, course_id, course_stream, created_at, referral_code, discount_percent, confirmed, pgh_created_at, pgh_label, pgh_obj_id)\n            SELECT OLD.id, OLD.user_id, OLD.username, OLD.first_name, OLD.course_id, OLD.course_stream, OLD.created_at, OLD.referral_code, OLD.discount_percent, OLD.confirmed,\n                LEAST(GREATEST(COALESCE(OLD.created_at, now()), '2000-01-01'), now()), 'insert', OLD.id\n            WHERE NOT audit_knows_booking(OLD.id);\n            RETURN NULL;\n            ",
                    hash="0acbebcaf4325d997aa07ccdbd2b34ac3b311638",
                    operation='UPDATE OF "user_id", "username", "first_name", "course_id", "course_stream", "created_at", "referral_code", "discount_percent" OR DELETE',
                    pgid="pgtrigger_audit_first_5f504",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="record_new",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            INSERT INTO bookings_bookingchange (booking_id, user_id, status, is_new, changed_by_id, reason, origin)\n            VALUES (NEW.id, NEW.user_id, NEW.confirmed, true, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            RETURN NULL;\n            ",
                    hash="a8ba17cd174e1147efbb39b47c143e614f9b6315",
                    operation="INSERT",
                    pgid="pgtrigger_record_new_6c4ff",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="record_status_change",
                sql=hsl_dashboard.db.LightTriggerSql(
                    condition="WHEN (NEW.confirmed IS DISTINCT FROM OLD.confirmed)",
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            INSERT INTO bookings_bookingchange (booking_id, user_id, was, status, is_new, changed_by_id, reason, origin)\n            VALUES (NEW.id, NEW.user_id, OLD.confirmed, NEW.confirmed, false, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            RETURN NULL;\n            ",
                    hash="8d1d75b03434d4eea93c0b4bcc0c1c28f0f239cc",
                    operation='UPDATE OF "confirmed"',
                    pgid="pgtrigger_record_status_change_cf0b9",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."course_stream" IS DISTINCT FROM (NEW."course_stream") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."discount_percent" IS DISTINCT FROM (NEW."discount_percent") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."referral_code" IS DISTINCT FROM (NEW."referral_code") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."username" IS DISTINCT FROM (NEW."username"))',
                    func='INSERT INTO "bookings_bookingevent" ("confirmed", "course_id", "course_stream", "created_at", "discount_percent", "first_name", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "referral_code", "user_id", "username") VALUES (NEW."confirmed", NEW."course_id", NEW."course_stream", NEW."created_at", NEW."discount_percent", NEW."first_name", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."referral_code", NEW."user_id", NEW."username"); RETURN NULL;',
                    hash="84c534bd264877883b8534a7f68619a863c304ae",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_d8751",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="record_new",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            INSERT INTO bookings_bookingchange (registration_id, user_id, is_new, changed_by_id, reason, origin)\n            VALUES (NEW.id, NEW.user_id, true, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            RETURN NULL;\n            ",
                    hash="959f97101822ab3a9e1c8c69d588f9833e5099ff",
                    operation="INSERT",
                    pgid="pgtrigger_record_new_8c035",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referralcoupon",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_referralcouponevent" ("code", "created_at", "created_by", "current_activations", "discount_percent", "id", "is_active", "max_activations", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."created_at", NEW."created_by", NEW."current_activations", NEW."discount_percent", NEW."id", NEW."is_active", NEW."max_activations", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="9e467b6561de37480ad12fd4c8ce7f70fb4179a6",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_c69c2",
                    table="referral_coupons",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referralcoupon",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "bookings_referralcouponevent" ("code", "created_at", "created_by", "current_activations", "discount_percent", "id", "is_active", "max_activations", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."created_at", NEW."created_by", NEW."current_activations", NEW."discount_percent", NEW."id", NEW."is_active", NEW."max_activations", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="fc5576382482b3b1b74997cdb6e04093b634ece1",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ea1da",
                    table="referral_coupons",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referralcoupon",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "bookings_referralcouponevent" ("code", "created_at", "created_by", "current_activations", "discount_percent", "id", "is_active", "max_activations", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."code", OLD."created_at", OLD."created_by", OLD."current_activations", OLD."discount_percent", OLD."id", OLD."is_active", OLD."max_activations", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="d0c352138b7f934d1fedd9695a38f8c12415776c",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_00bc5",
                    table="referral_coupons",
                    when="AFTER",
                ),
            ),
        ),
    ]
