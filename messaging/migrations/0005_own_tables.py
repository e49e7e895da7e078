"""Our own tables, from drafts to conversations; the history of messages; marks of what is counted by day."""

import django.contrib.postgres.functions
import django.core.validators
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


AUTOMATION = [
    (
        "kind",
        models.CharField(
            choices=[
                ("booking_confirmed", "Booking confirmed"),
                ("booking_cancelled", "Booking cancelled"),
                ("payment_reminder", "Payment reminder"),
                ("course_start", "Course starts soon"),
                ("free_lesson", "Free lesson soon"),
            ],
            max_length=30,
            unique=True,
            verbose_name="kind",
        ),
    ),
    ("is_on", models.BooleanField(db_default=False, verbose_name="on")),
    ("switched_on_at", models.DateTimeField(blank=True, null=True, verbose_name="switched on")),
    ("template", models.TextField(verbose_name="text")),
    (
        "offset",
        models.PositiveIntegerField(
            db_default=0, validators=[django.core.validators.MaxValueValidator(1440)], verbose_name="offset"
        ),
    ),
    (
        "include_earlier",
        models.BooleanField(
            db_default=False, verbose_name="also those who booked or registered before it was switched on"
        ),
    ),
]

TEMPLATE = [
    ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
    ("is_archived", models.BooleanField(default=False, verbose_name="archived")),
    (
        "created_by",
        models.ForeignKey(
            null=True,
            on_delete=django.db.models.deletion.SET_NULL,
            related_name="+",
            to=settings.AUTH_USER_MODEL,
            verbose_name="author",
        ),
    ),
    (
        "created_at",
        models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"),
    ),
]

SEGMENT = [
    ("name", models.CharField(max_length=100, verbose_name="name")),
    ("audience", models.JSONField(verbose_name="audience")),
    (
        "owner",
        models.ForeignKey(
            blank=True,
            null=True,
            on_delete=django.db.models.deletion.CASCADE,
            related_name="segments",
            to=settings.AUTH_USER_MODEL,
            verbose_name="owner; empty: shared",
        ),
    ),
    (
        "created_by",
        models.ForeignKey(
            null=True,
            on_delete=django.db.models.deletion.SET_NULL,
            related_name="+",
            to=settings.AUTH_USER_MODEL,
            verbose_name="author",
        ),
    ),
    (
        "created_at",
        models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"),
    ),
]

RULES = [
    (
        "approval_above",
        models.PositiveIntegerField(
            blank=True,
            help_text="A message to more people than this needs a second person. Empty: never.",
            null=True,
            verbose_name="approval above, recipients",
        ),
    ),
]

BROADCAST = [
    ("name", models.TextField(blank=True, db_default="", verbose_name="name")),
    ("message_text", models.TextField(verbose_name="text")),
    (
        "created_at",
        models.DateTimeField(
            blank=True,
            db_default=django.contrib.postgres.functions.TransactionNow(),
            null=True,
            verbose_name="created",
        ),
    ),
    (
        "recipient_type",
        models.TextField(blank=True, db_default="individual", null=True, verbose_name="recipient type"),
    ),
    ("recipient_group", models.TextField(blank=True, null=True, verbose_name="recipient group")),
    ("scheduled_at", models.DateTimeField(blank=True, null=True, verbose_name="scheduled for")),
    ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="planned start")),
    (
        "state",
        models.CharField(
            choices=[
                ("scheduled", "Scheduled"),
                ("sending", "Sending"),
                ("paused", "Paused"),
                ("cancelled", "Cancelled (broadcast)"),
                ("finished", "Finished"),
                ("held", "Held"),
            ],
            db_default="finished",
            max_length=20,
            verbose_name="state",
        ),
    ),
    (
        "state_reason",
        models.TextField(blank=True, db_default="", verbose_name="why it is paused, held or cancelled"),
    ),
    (
        "kind",
        models.CharField(
            choices=[("text", "Text"), ("photo", "Photo"), ("video", "Video"), ("document", "Document")],
            db_default="text",
            max_length=20,
            verbose_name="kind",
        ),
    ),
    (
        "media_upload",
        models.FileField(blank=True, db_default="", max_length=200, upload_to="broadcasts/", verbose_name="file"),
    ),
    ("media_name", models.TextField(blank=True, db_default="", verbose_name="name of the file")),
    (
        "buttons",
        models.JSONField(
            blank=True,
            db_default=models.Value([], models.JSONField()),
            default=list,
            verbose_name="buttons",
        ),
    ),
    ("link_preview", models.BooleanField(db_default=True, verbose_name="link preview")),
    ("silent", models.BooleanField(db_default=False, verbose_name="without sound")),
    ("audience", models.JSONField(blank=True, null=True, verbose_name="audience")),
    ("frozen_at", models.DateTimeField(blank=True, null=True, verbose_name="audience frozen")),
    ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
    ("paused_at", models.DateTimeField(blank=True, null=True, verbose_name="paused")),
    ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
    ("submission_token", models.UUIDField(blank=True, null=True, verbose_name="submission token")),
    (
        "created_by",
        models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, blank=True, null=True, verbose_name="author"),
    ),
    (
        "approved_by",
        models.ForeignKey(
            settings.AUTH_USER_MODEL, models.DO_NOTHING, blank=True, null=True, verbose_name="approved by"
        ),
    ),
    (
        "original",
        models.ForeignKey("messaging.broadcast", models.DO_NOTHING, blank=True, null=True, verbose_name="original"),
    ),
]

CORRECTION = [
    ("broadcast", models.ForeignKey("messaging.broadcast", models.DO_NOTHING, verbose_name="broadcast")),
    (
        "kind",
        models.CharField(choices=[("delete", "Delete"), ("edit", "Edit")], max_length=20, verbose_name="kind"),
    ),
    (
        "state",
        models.CharField(
            choices=[
                ("running", "Running"),
                ("cancelled", "Cancelled (correction)"),
                ("finished", "Finished (correction)"),
            ],
            db_default="running",
            max_length=20,
            verbose_name="state",
        ),
    ),
    ("state_reason", models.TextField(blank=True, db_default="", verbose_name="reason")),
    ("message_text", models.TextField(blank=True, db_default="", verbose_name="text")),
    (
        "buttons",
        models.JSONField(
            blank=True,
            db_default=models.Value([], models.JSONField()),
            default=list,
            verbose_name="buttons",
        ),
    ),
    (
        "created_at",
        models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"),
    ),
    (
        "created_by",
        models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, blank=True, null=True, verbose_name="author"),
    ),
    ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
]


EVERY_COLUMN = "OLD.* IS DISTINCT FROM NEW.*"


def as_kept(field):
    """A column as history keeps it: not unique, and where it is a key, of a row that may be gone."""
    _name, _path, args, options = field.deconstruct()
    options.pop("unique", None)
    if isinstance(field, models.ForeignKey):
        options |= {
            "db_constraint": False,
            "on_delete": models.DO_NOTHING,
            "related_name": "+",
            "related_query_name": "+",
        }
    return type(field)(*args, **options)


def history(model, table, fields, *, key=models.BigIntegerField, changed=EVERY_COLUMN, **triggers):
    """The table that keeps what the rows of a model were, when, why and in which request; and its triggers by number.

    It is what pghistory generates for a tracked model. ``changed`` is the condition of the trigger of updates.
    """
    kept = {"id": key(), **{name: as_kept(field) for name, field in fields}}
    unlinked = {"db_constraint": False, "on_delete": models.DO_NOTHING}
    yield migrations.CreateModel(
        name=f"{model}Event",
        fields=[
            ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
            ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
            ("pgh_label", models.TextField(help_text="The event label.")),
            ("pgh_obj", models.ForeignKey(f"messaging.{model.lower()}", related_name="events", **unlinked)),
            ("pgh_context", models.ForeignKey("pghistory.context", null=True, related_name="+", **unlinked)),
            *kept.items(),
        ],
        options={"abstract": False},
    )
    columns = columns_of(kept.items())
    for moment, number in triggers.items():
        row = "OLD" if moment == "delete" else "NEW"
        values = {column: f'{row}."{column}"' for column in columns} | {
            "pgh_context_id": "_pgh_attach_context()",
            "pgh_created_at": "NOW()",
            "pgh_label": f"'{moment}'",
            "pgh_obj_id": f'{row}."id"',
        }
        names, written = zip(*sorted(values.items()), strict=True)
        into = ", ".join(f'"{name}"' for name in names)
        sql = pgtrigger.compiler.UpsertTriggerSql(
            func=f'INSERT INTO "messaging_{model.lower()}event" ({into}) VALUES ({", ".join(written)}); RETURN NULL;',
            operation=moment.upper(),
            pgid=f"pgtrigger_{moment}_{moment}_{number}",
            table=table,
            when="AFTER",
            **({"condition": f"WHEN ({changed})"} if moment == "update" else {}),
        )
        trigger = pgtrigger.compiler.Trigger(name=f"{moment}_{moment}", sql=sql)
        yield pgtrigger.migrations.AddTrigger(model_name=model.lower(), trigger=trigger)


def columns_of(fields):
    return sorted(f"{name}_id" if isinstance(field, models.ForeignKey) else name for name, field in fields)


# Not the columns that the engine writes while it sends.
BROADCAST_CHANGED = " OR ".join(
    f'OLD."{column}" IS DISTINCT FROM (NEW."{column}")'
    for column in columns_of([("id", models.AutoField()), *BROADCAST])
)


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0002_own_tables"),
        ("messaging", "0004_delivery_indexes"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0004_totals_and_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="Automation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                *AUTOMATION,
            ],
            options={
                "verbose_name": "automation",
                "verbose_name_plural": "automations",
                "default_permissions": ("view", "change"),
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="conversation",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("unread", "Unread"),
                            ("waiting", "Waiting for an answer"),
                            ("answered", "Answered"),
                            ("snoozed", "Snoozed"),
                            ("closed", "Closed"),
                        ],
                        db_default="unread",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("texts", models.PositiveIntegerField(db_default=0, verbose_name="texts")),
                ("last_text_at", models.DateTimeField(verbose_name="last text")),
                ("waiting_since", models.DateTimeField(null=True, verbose_name="waits since")),
                ("last_answer_at", models.DateTimeField(null=True, verbose_name="last answer")),
                (
                    "last_answer",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="messaging.broadcast",
                        verbose_name="message of the last answer",
                    ),
                ),
                (
                    "answered_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answered by",
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="conversations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who answers",
                    ),
                ),
                ("snoozed_until", models.DateTimeField(null=True, verbose_name="snoozed until")),
                (
                    "opened_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="opened by",
                    ),
                ),
                ("opened_at", models.DateTimeField(null=True, verbose_name="opened")),
            ],
            options={
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
                "permissions": [("answer_students", "Can read what students write, and answer")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        models.F("last_text_at"), models.F("telegram_user"), name="messaging_conversation_all"
                    ),
                    models.Index(
                        models.F("state"),
                        models.F("last_text_at"),
                        models.F("telegram_user"),
                        name="messaging_conversation_state",
                    ),
                    models.Index(
                        models.F("last_text_at"),
                        models.F("telegram_user"),
                        condition=models.Q(("state__in", ["unread", "waiting"])),
                        name="messaging_conversation_open",
                    ),
                    models.Index(
                        models.F("assignee"),
                        models.F("last_text_at"),
                        models.F("telegram_user"),
                        name="messaging_conversation_of",
                    ),
                    models.Index(
                        models.F("last_answer_at"),
                        condition=models.Q(("state", "answered")),
                        name="messaging_conversation_told",
                    ),
                    models.Index(
                        models.F("snoozed_until"),
                        condition=models.Q(("state", "snoozed")),
                        name="messaging_conversation_wakes",
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="messaging_conversation_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="last_answer", name="messaging_conversation_last_answer_id_fkey", on_delete="SET NULL"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Digest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="digests",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="staff account",
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("words", models.TextField(verbose_name="text")),
                (
                    "message",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="digest",
                        to="messaging.broadcast",
                        verbose_name="message with the digest",
                    ),
                ),
            ],
            options={
                "verbose_name": "digest",
                "verbose_name_plural": "digests",
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("user", "day"), name="messaging_digest_once")],
            },
        ),
        migrations.CreateModel(
            name="FormerText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "broadcast",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_texts",
                        to="messaging.broadcast",
                        verbose_name="broadcast",
                    ),
                ),
                ("message_text", models.TextField(blank=True, verbose_name="text")),
                ("buttons", models.JSONField(blank=True, default=list, verbose_name="buttons")),
                ("replaced_at", models.DateTimeField(verbose_name="replaced")),
                (
                    "replaced_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="replaced by",
                    ),
                ),
                (
                    "correction",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_text",
                        to="messaging.correction",
                        verbose_name="correction",
                    ),
                ),
            ],
            options={
                "verbose_name": "former text",
                "verbose_name_plural": "former texts",
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("value", models.CharField(blank=True, db_default="", max_length=100, verbose_name="value")),
                ("began_at", models.DateTimeField(verbose_name="began")),
                ("seen_at", models.DateTimeField(verbose_name="last seen")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("told_at", models.DateTimeField(null=True, verbose_name="beginning told")),
                ("end_told_at", models.DateTimeField(null=True, verbose_name="end told")),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("began_at"), descending=True), name="messaging_incident_newest"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("kind"), condition=models.Q(("ended_at", None)), name="messaging_incident_open"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                *TEMPLATE,
            ],
            options={
                "verbose_name": "template",
                "verbose_name_plural": "templates",
            },
        ),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
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
                        related_name="outbox",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booking_created", "Booking made"),
                            ("booking_confirmed", "Booking confirmed"),
                            ("booking_cancelled", "Booking cancelled"),
                            ("booking_moved", "Stream changed"),
                            ("booking_changed", "Booking changed"),
                            ("payment_declined", "Payment declined"),
                            ("payment_asked", "Asked about the payment"),
                            ("payment_reminder", "Payment reminder"),
                            ("course_start", "Course starts soon"),
                            ("free_lesson", "Free lesson soon"),
                        ],
                        max_length=30,
                        verbose_name="kind",
                    ),
                ),
                ("message_text", models.TextField(verbose_name="text")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "In the queue"),
                            ("sent", "Handed over"),
                            ("cancelled", "Withdrawn"),
                            ("delivered", "Delivered"),
                            ("failed", "Not delivered"),
                            ("uncertain", "Not known"),
                        ],
                        db_default="queued",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("queued_at", models.DateTimeField(verbose_name="queued")),
                (
                    "queued_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="not before")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="fired",
                        to="messaging.automation",
                        verbose_name="automation",
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="bookings.bookingchange",
                        verbose_name="change of a booking",
                    ),
                ),
                (
                    "registration",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="bookings.freelessonregistration",
                        verbose_name="free lesson registration",
                    ),
                ),
                ("occurs_on", models.DateField(null=True, verbose_name="date it reminds of")),
                (
                    "recipient",
                    models.OneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="outbox",
                        to="messaging.recipient",
                        verbose_name="recipient",
                    ),
                ),
                ("reason", models.CharField(db_default="", max_length=30, verbose_name="why it was not delivered")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "message about a booking",
                "verbose_name_plural": "messages about bookings",
                "indexes": [
                    models.Index(
                        models.F("id"), condition=models.Q(("state", "queued")), name="messaging_outbox_queued"
                    ),
                    models.Index(
                        models.F("sent_at"),
                        condition=models.Q(("state__in", ["sent", "uncertain", "failed"])),
                        name="messaging_outbox_unsettled",
                    ),
                    models.Index(
                        models.F("rule"), models.OrderBy(models.F("id"), descending=True), name="messaging_outbox_rule"
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="messaging_outbox_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="messaging_outbox_booking_id_fkey", on_delete="SET NULL"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="change", name="messaging_outbox_change_id_fkey", on_delete="SET NULL"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="registration", name="messaging_outbox_registration_id_fkey", on_delete="SET NULL"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="recipient", name="messaging_outbox_recipient_id_fkey", on_delete="SET NULL"
                    ),
                    models.UniqueConstraint(fields=("rule", "change"), name="messaging_outbox_once_per_change"),
                    models.UniqueConstraint(
                        fields=("rule", "booking", "occurs_on"), name="messaging_outbox_once_per_start"
                    ),
                    models.UniqueConstraint(
                        fields=("rule", "registration", "occurs_on"), name="messaging_outbox_once_per_lesson"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReceivedUpdate",
            fields=[
                ("update_id", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="update")),
                ("received_at", models.DateTimeField(db_index=True, verbose_name="received")),
            ],
            options={
                "verbose_name": "received update",
                "verbose_name_plural": "received updates",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "broadcast",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="report",
                        serialize=False,
                        to="messaging.broadcast",
                        verbose_name="broadcast",
                    ),
                ),
                (
                    "message",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="report_about",
                        to="messaging.broadcast",
                        verbose_name="message with the report",
                    ),
                ),
                ("queued_at", models.DateTimeField(verbose_name="queued")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "report to the author",
                "verbose_name_plural": "reports to authors",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        models.F("queued_at"),
                        condition=models.Q(("settled_at", None)),
                        name="messaging_report_unsettled",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                *SEGMENT,
            ],
            options={
                "verbose_name": "segment",
                "verbose_name_plural": "segments",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("owner", None)), fields=("name",), name="messaging_segment_shared_name"
                    ),
                    models.UniqueConstraint(fields=("owner", "name"), name="messaging_segment_own_name"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SendingRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                *RULES,
            ],
            options={
                "verbose_name": "rules of sending",
                "verbose_name_plural": "rules of sending",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="messaging_sendingrules_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="StaffNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="staff account",
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("payments", "New payments to look at"),
                            ("answers", "New texts of students, for me or for nobody yet"),
                            ("paused", "Messages that pause"),
                            ("approvals", "Messages that wait for my approval"),
                            ("digest", "Digest at 10:00"),
                        ],
                        max_length=20,
                        verbose_name="subject",
                    ),
                ),
                ("is_on", models.BooleanField(verbose_name="switched on")),
                ("told_until", models.DateTimeField(verbose_name="told until")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
            ],
            options={
                "verbose_name": "notice to staff",
                "verbose_name_plural": "notices to staff",
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("user", "subject"), name="messaging_staffnotice_once")],
            },
        ),
        migrations.CreateModel(
            name="StudentText",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="student_text",
                        serialize=False,
                        to="users.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="texts",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("written_at", models.DateTimeField(verbose_name="written")),
                ("folded", models.BooleanField(db_default=False, verbose_name="counted")),
            ],
            options={
                "verbose_name": "text of a student",
                "verbose_name_plural": "texts of students",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        models.F("telegram_user"),
                        models.F("written_at"),
                        models.F("event"),
                        name="messaging_studenttext_person",
                    ),
                    models.Index(
                        models.F("event"), condition=models.Q(("folded", False)), name="messaging_studenttext_new"
                    ),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="messaging_studenttext_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TelegramLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="telegram_link",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="staff account",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("linked_at", models.DateTimeField(null=True, verbose_name="linked")),
                ("code_hash", models.CharField(blank=True, max_length=200, verbose_name="code")),
                ("code_sent_at", models.DateTimeField(null=True, verbose_name="code sent")),
                ("attempts_left", models.PositiveSmallIntegerField(default=0, verbose_name="attempts left")),
                (
                    "code_broadcast",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="messaging.broadcast",
                        verbose_name="message with the code",
                    ),
                ),
                (
                    "wants_reports",
                    models.BooleanField(db_default=True, default=True, verbose_name="reports about one's own messages"),
                ),
            ],
            options={
                "verbose_name": "linked Telegram account",
                "verbose_name_plural": "linked Telegram accounts",
            },
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="messaging.messagetemplate",
                        verbose_name="template",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("content", models.JSONField(verbose_name="content")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a template",
                "verbose_name_plural": "versions of templates",
                "constraints": [
                    models.UniqueConstraint(fields=("template", "number"), name="messaging_templateversion_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="submission token"),
                ),
                ("content", models.JSONField(default=dict, verbose_name="content")),
                (
                    "media_upload",
                    models.FileField(blank=True, max_length=200, upload_to="broadcasts/", verbose_name="file"),
                ),
                ("media_name", models.TextField(blank=True, db_default="", verbose_name="name of the file")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                ("saved_from", models.CharField(blank=True, max_length=40, verbose_name="saved from")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="last changed by",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="last changed"
                    ),
                ),
                (
                    "broadcast",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="draft",
                        to="messaging.broadcast",
                        verbose_name="broadcast",
                    ),
                ),
                (
                    "last_test",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="messaging.broadcast",
                        verbose_name="last test message",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="drafts",
                        to="messaging.templateversion",
                        verbose_name="template",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approval asked by",
                    ),
                ),
                ("asked_at", models.DateTimeField(null=True, verbose_name="approval asked")),
                ("asked_version", models.PositiveIntegerField(null=True, verbose_name="version to approve")),
            ],
            options={
                "verbose_name": "draft",
                "verbose_name_plural": "drafts",
                "permissions": [("approve_broadcast", "Can approve messages that others wrote")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("broadcast", None)), fields=["-updated_at"], name="messaging_draft_open"
                    )
                ],
            },
        ),
        *history("Automation", "messaging_automation", AUTOMATION, insert="bb4d9", update="f5d61"),
        *history("Correction", "messaging_correction", CORRECTION, insert="d4a02", update="03423", delete="69355"),
        *history(
            "MessageTemplate", "messaging_messagetemplate", TEMPLATE, insert="550b1", update="be409", delete="7bdfa"
        ),
        *history("Segment", "messaging_segment", SEGMENT, insert="44638", update="3f2f7", delete="a1c78"),
        *history("SendingRules", "messaging_sendingrules", RULES, insert="0766e", update="5e84b"),
        *history(
            "Broadcast",
            "message_history",
            BROADCAST,
            key=models.IntegerField,
            changed=BROADCAST_CHANGED,
            insert="e24c3",
            update="547fa",
            delete="f2a88",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.sent_at < now() - interval '5 minutes')",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(NEW.sent_at)); RETURN NULL;",
                    hash="abbac707f0fdcc4e6e3076f2260db1353839e2f4",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_da5e2",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.sent_at IS DISTINCT FROM NEW.sent_at)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(OLD.sent_at)), (NULL, school_day(NEW.sent_at)); RETURN NULL;",
                    hash="05f8a6a9953708098d4a11b3ab8597b3c4809fdf",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_90912",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, school_day(OLD.sent_at)); RETURN NULL;",
                    hash="2dd3498b80e519e93a7fecd3328d111ed4488db5",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_68728",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recipient",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="c25950f36aff9caac607f7feb9fba46840825365",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_a047c",
                    table="message_recipients",
                    when="AFTER",
                ),
            ),
        ),
    ]
