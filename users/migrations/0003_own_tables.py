"""Our own tables, among them the people's totals and the audit, and how names are folded."""

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
import users.models.fields
from django.conf import settings
from django.db import migrations, models

# A copy of what users/sql says today, with its reasons; later changes are migrations of their own.
FOLDED = r"""
CREATE OR REPLACE FUNCTION folded(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    -- Few names have such a letter, and this takes five times as long as all the rest.
    IF words COLLATE "C" ~ '[^ -~А-Яа-яЁё]' THEN
        words := normalize(translate(
            words,
            E'\u0130'
                '\u0009\u000A\u000B\u000C\u000D\u0085\u00A0\u1680\u2000\u2001\u2002\u2003'
                '\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000'
                '\u00AD\u061C\u180E\u200B\u200C\u200D\u200E\u200F\u202A\u202B\u202C\u202D'
                '\u202E\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\uFEFF',
            'i                        '
        ));
    END IF;
    RETURN btrim(replace(replace(translate(lower(words COLLATE "pg_c_utf8"), 'ёς', 'еσ'), '  ', ' '), '  ', ' '));
END $$;
"""
# The letters of Unicode as lower() knows them: built into the server since 17, from ICU, from the C library.
COLLATIONS = ["pg_c_utf8", "und-x-icu", "C.utf8", "C.UTF-8"]
# A server that has none of them: Latin, Greek, Cyrillic and Armenian capitals.
CAPITALS = [chr(number) for number in range(0x80, 0x557) if len(chr(number).lower()) == 1]
CAPITALS = [letter for letter in CAPITALS if letter.lower() != letter]


def folded_on(collations):
    """Write the function for a server that has these collations."""
    known = next((name for name in COLLATIONS if name in collations), None)
    if known:
        return FOLDED.replace("pg_c_utf8", known)
    lowered = "".join(letter.lower() for letter in CAPITALS)
    return FOLDED.replace(
        'lower(words COLLATE "pg_c_utf8")', f"translate(lower(words), '{''.join(CAPITALS)}', '{lowered}')"
    )


def create_folded(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT collname FROM pg_collation WHERE collnamespace = 'pg_catalog'::regnamespace"
            " AND collencoding IN (-1, pg_char_to_encoding('UTF8'))"
        )
        collations = {name for (name,) in cursor.fetchall()}
    schema_editor.execute(folded_on(collations), params=None)


# Written at every event of the bot and emptied by beat. Dead rows are swept when a few thousand are there, so that
# reading it stays cheap.
MARKS = """
CREATE TABLE counting_marks (
    user_id bigint NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now(),
    about text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0002_bot_tables"),
    ]

    operations = [
        migrations.RunPython(create_folded, lambda apps, editor: editor.execute("DROP FUNCTION folded")),
        migrations.RunSQL(MARKS, "DROP TABLE counting_marks"),
        migrations.CreateModel(
            name="CountingMark",
            fields=[
                ("user_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("marked_at", models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow())),
                ("about", models.TextField(null=True)),
            ],
            options={
                "db_table": "counting_marks",
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.AlterModelOptions(
            name="telegramuser",
            options={
                "permissions": [
                    ("view_email", "Can see e-mail addresses in full, and search by them"),
                    ("export_people", "Can download the list of people"),
                    ("export_person", "Can download everything held about one person"),
                    ("erase_person", "Can erase a person from every table"),
                ],
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.CreateModel(
            name="ApiAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caller", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.SmallIntegerField(null=True)),
                ("body", models.JSONField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), db_index=True),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("caller", "key"), name="users_apianswer_once")],
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("beginning", models.CharField(max_length=20, verbose_name="first characters")),
                ("digest", models.CharField(max_length=64, unique=True, verbose_name="hash of the token")),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("read", "Read people, bookings, messages and numbers; e-mails masked"),
                                ("personal", "See e-mail addresses in full; each look is written down"),
                                ("bookings", "Change bookings"),
                                ("messages", "Send, schedule and delete messages"),
                            ],
                            max_length=20,
                        ),
                        size=None,
                        verbose_name="scopes",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
                ("expires_at", models.DateTimeField(null=True, verbose_name="expires")),
                ("last_used_at", models.DateTimeField(null=True, verbose_name="last used")),
                (
                    "last_used_from",
                    models.CharField(blank=True, db_default="", max_length=45, verbose_name="last used from"),
                ),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked")),
            ],
            options={
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
                "permissions": [("manage_apitokens", "Can see and revoke the API tokens of others")],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="happened"
                    ),
                ),
                (
                    "done_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="done by",
                    ),
                ),
                ("what", models.CharField(max_length=100, verbose_name="what was done")),
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
                (
                    "object_table",
                    models.CharField(blank=True, db_default="", max_length=63, verbose_name="table of the row"),
                ),
                ("object_id", models.CharField(max_length=100, null=True, verbose_name="number of the row")),
                ("reason", models.TextField(blank=True, db_default="", verbose_name="reason")),
                ("address", models.CharField(blank=True, db_default="", max_length=45, verbose_name="address")),
                ("request", models.CharField(blank=True, db_default="", max_length=64, verbose_name="request or task")),
                (
                    "record_table",
                    models.CharField(blank=True, db_default="", max_length=63, verbose_name="table of history"),
                ),
                ("record_id", models.BigIntegerField(null=True, verbose_name="row of history")),
                ("data", models.JSONField(null=True, verbose_name="details")),
            ],
            options={
                "verbose_name": "line of the audit",
                "verbose_name_plural": "audit",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(models.F("telegram_user"), models.F("at"), name="users_audit_person"),
                    models.Index(models.F("at"), models.F("id"), name="users_audit_newest"),
                    models.Index(models.F("done_by"), models.F("at"), name="users_audit_by"),
                    models.Index(models.F("what"), models.F("at"), name="users_audit_what"),
                    models.Index(models.F("object_table"), models.F("at"), name="users_audit_table"),
                    models.Index(models.F("object_id"), models.F("object_table"), name="users_audit_row"),
                    models.Index(
                        models.F("request"),
                        condition=models.Q(("request", ""), _negated=True),
                        name="users_audit_request",
                    ),
                    models.Index(
                        models.F("address"),
                        condition=models.Q(("address", ""), _negated=True),
                        name="users_audit_address",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.search.SearchVector("reason", config="simple"),
                        condition=models.Q(("reason", ""), _negated=True),
                        name="users_audit_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BlockedUserEvent",
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
                        to="users.blockeduser",
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
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "blocked_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="blocked",
                    ),
                ),
                (
                    "reason",
                    models.TextField(blank=True, db_default="bot_blocked_by_user", null=True, verbose_name="reason"),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="EmailDisclosure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="email_disclosures",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "shown_to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="email_disclosures",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="shown to",
                    ),
                ),
                ("shown_at", models.DateTimeField(verbose_name="shown")),
            ],
            options={
                "verbose_name": "look at an e-mail",
                "verbose_name_plural": "looks at e-mails",
                "default_permissions": ("view",),
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="users_emaildisclosure_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "window_days",
                    models.PositiveIntegerField(
                        default=7,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="window, days",
                    ),
                ),
                (
                    "hot_events",
                    models.PositiveIntegerField(
                        default=20,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="hot: events",
                    ),
                ),
                (
                    "hot_days",
                    models.PositiveIntegerField(
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="hot: days",
                    ),
                ),
                (
                    "warm_events",
                    models.PositiveIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="warm: events",
                    ),
                ),
                (
                    "warm_days",
                    models.PositiveIntegerField(
                        default=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="warm: days",
                    ),
                ),
                (
                    "cool_events",
                    models.PositiveIntegerField(
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="cool: events",
                    ),
                ),
                ("recounted_to", models.BigIntegerField(null=True)),
            ],
            options={
                "verbose_name": "rules of leads",
                "verbose_name_plural": "rules of leads",
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="users_leadrules_one_row")],
            },
        ),
        migrations.CreateModel(
            name="LeadRulesEvent",
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
                        to="users.leadrules",
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
                    "window_days",
                    models.PositiveIntegerField(
                        default=7,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="window, days",
                    ),
                ),
                (
                    "hot_events",
                    models.PositiveIntegerField(
                        default=20,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="hot: events",
                    ),
                ),
                (
                    "hot_days",
                    models.PositiveIntegerField(
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="hot: days",
                    ),
                ),
                (
                    "warm_events",
                    models.PositiveIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="warm: events",
                    ),
                ),
                (
                    "warm_days",
                    models.PositiveIntegerField(
                        default=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="warm: days",
                    ),
                ),
                (
                    "cool_events",
                    models.PositiveIntegerField(
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="cool: events",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="LivePersonTotals",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="%(class)s",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("name_key", models.TextField(db_collation="C", db_default="")),
                ("language_code", models.TextField(db_collation="C", db_default="", verbose_name="language")),
                (
                    "first_seen_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="first seen"),
                ),
                ("bookings", models.IntegerField(db_default=0, verbose_name="bookings")),
                ("events", models.IntegerField(db_default=0, verbose_name="events")),
                ("lessons", models.IntegerField(db_default=0, verbose_name="lessons")),
                ("has_active_booking", models.BooleanField(db_default=False, verbose_name="has an active booking")),
                ("latest_stream", models.TextField(db_collation="C", db_default="", verbose_name="latest stream")),
                (
                    "latest_status",
                    models.SmallIntegerField(
                        choices=[
                            (0, "No bookings"),
                            (1, "Cancelled"),
                            (2, "Unknown"),
                            (3, "New request"),
                            (4, "Pending"),
                            (5, "Confirmed"),
                        ],
                        db_default=0,
                        verbose_name="latest status",
                    ),
                ),
                (
                    "last_activity_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="last activity"),
                ),
                (
                    "temperature",
                    models.SmallIntegerField(
                        choices=[(-1, "Not a lead"), (0, "Cold"), (1, "Cool"), (2, "Warm"), (3, "Hot")],
                        db_default=0,
                        verbose_name="lead",
                    ),
                ),
                ("cools_on", models.DateField(null=True)),
                ("blocked", models.BooleanField(db_default=False, verbose_name="is blocked")),
                ("search_text", models.TextField(db_collation="C", db_default="")),
                (
                    "lesson_types",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
            ],
            options={
                "db_table": "person_totals_live",
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="notes",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("text", models.TextField(verbose_name="text")),
                (
                    "written_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                ("written_at", models.DateTimeField(verbose_name="written")),
            ],
            options={
                "verbose_name": "note",
                "verbose_name_plural": "notes",
                "indexes": [
                    models.Index(
                        models.F("telegram_user"),
                        models.OrderBy(models.F("written_at"), descending=True),
                        name="users_note_person",
                    )
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="users_note_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NoteEvent",
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
                        to="users.note",
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
                (
                    "written_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                ("written_at", models.DateTimeField(verbose_name="written")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="NumberMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField(null=True)),
                ("day", models.DateField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PeopleExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "exported_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="people_exports",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="exported by",
                    ),
                ),
                (
                    "exported_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="exported"
                    ),
                ),
                (
                    "query",
                    models.TextField(
                        blank=True, help_text="The filter as it stands in the address.", verbose_name="filter"
                    ),
                ),
                (
                    "format",
                    models.CharField(choices=[("csv", "CSV"), ("xlsx", "XLSX")], max_length=4, verbose_name="format"),
                ),
                ("with_emails", models.BooleanField(verbose_name="with e-mails")),
                (
                    "rows",
                    models.PositiveIntegerField(
                        help_text="Empty: the download broke off.", null=True, verbose_name="rows"
                    ),
                ),
            ],
            options={
                "verbose_name": "export of people",
                "verbose_name_plural": "exports of people",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="PersonTotals",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="%(class)s",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("name_key", models.TextField(db_collation="C", db_default="")),
                ("language_code", models.TextField(db_collation="C", db_default="", verbose_name="language")),
                (
                    "first_seen_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="first seen"),
                ),
                ("bookings", models.IntegerField(db_default=0, verbose_name="bookings")),
                ("events", models.IntegerField(db_default=0, verbose_name="events")),
                ("lessons", models.IntegerField(db_default=0, verbose_name="lessons")),
                ("has_active_booking", models.BooleanField(db_default=False, verbose_name="has an active booking")),
                ("latest_stream", models.TextField(db_collation="C", db_default="", verbose_name="latest stream")),
                (
                    "latest_status",
                    models.SmallIntegerField(
                        choices=[
                            (0, "No bookings"),
                            (1, "Cancelled"),
                            (2, "Unknown"),
                            (3, "New request"),
                            (4, "Pending"),
                            (5, "Confirmed"),
                        ],
                        db_default=0,
                        verbose_name="latest status",
                    ),
                ),
                (
                    "last_activity_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="last activity"),
                ),
                (
                    "temperature",
                    models.SmallIntegerField(
                        choices=[(-1, "Not a lead"), (0, "Cold"), (1, "Cool"), (2, "Warm"), (3, "Hot")],
                        db_default=0,
                        verbose_name="lead",
                    ),
                ),
                ("cools_on", models.DateField(null=True)),
                ("blocked", models.BooleanField(db_default=False, verbose_name="is blocked")),
                ("search_text", models.TextField(db_collation="C", db_default="")),
                (
                    "lesson_types",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
            ],
            options={
                "verbose_name": "person's totals",
                "verbose_name_plural": "people's totals",
                "db_table": "person_totals",
                "indexes": [
                    models.Index(models.F("name_key"), models.F("telegram_user"), name="person_totals_name"),
                    models.Index(models.F("language_code"), models.F("telegram_user"), name="person_totals_language"),
                    models.Index(models.F("first_seen_at"), models.F("telegram_user"), name="person_totals_first_seen"),
                    models.Index(models.F("bookings"), models.F("telegram_user"), name="person_totals_bookings"),
                    models.Index(models.F("events"), models.F("telegram_user"), name="person_totals_events"),
                    models.Index(models.F("lessons"), models.F("telegram_user"), name="person_totals_lessons"),
                    models.Index(models.F("latest_stream"), models.F("telegram_user"), name="person_totals_stream"),
                    models.Index(models.F("latest_status"), models.F("telegram_user"), name="person_totals_status"),
                    models.Index(
                        models.F("last_activity_at"), models.F("telegram_user"), name="person_totals_activity"
                    ),
                    models.Index(models.F("temperature"), models.F("telegram_user"), name="person_totals_temperature"),
                    models.Index(models.F("blocked"), models.F("telegram_user"), name="person_totals_blocked"),
                    models.Index(
                        models.F("cools_on"),
                        condition=models.Q(("cools_on__isnull", False)),
                        name="person_totals_cools_on",
                    ),
                    models.Index(
                        models.F("latest_stream"),
                        models.F("latest_status"),
                        models.F("first_seen_at"),
                        condition=models.Q(("bookings__gt", 0), ("latest_status__gt", 0)),
                        name="person_totals_booked",
                    ),
                    models.Index(
                        models.F("last_activity_at"),
                        models.F("telegram_user"),
                        condition=models.Q(("temperature__gt", 0)),
                        name="person_totals_lead_activity",
                    ),
                    models.Index(
                        models.F("events"),
                        models.F("telegram_user"),
                        condition=models.Q(("temperature__gt", 0)),
                        name="person_totals_lead_events",
                    ),
                    models.Index(
                        models.F("first_seen_at"),
                        models.F("telegram_user"),
                        condition=models.Q(("temperature__gt", 0)),
                        name="person_totals_lead_seen",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("lessons__gt", 0)), fields=["lesson_types"], name="person_totals_kinds"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("path", models.CharField(max_length=300, verbose_name="page")),
                ("query", models.CharField(blank=True, max_length=2000, verbose_name="filters")),
                ("is_shared", models.BooleanField(db_default=False, verbose_name="shared")),
                ("is_default", models.BooleanField(db_default=False, verbose_name="default")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name="created"
                    ),
                ),
                ("feed_digest", models.CharField(max_length=64, null=True, unique=True)),
                ("feed_beginning", models.CharField(blank=True, db_default="", max_length=20)),
                ("feed_emails", models.BooleanField(db_default=False, verbose_name="with e-mails")),
                ("feed_used_at", models.DateTimeField(null=True, verbose_name="last read")),
                (
                    "feed_used_from",
                    models.CharField(blank=True, db_default="", max_length=45, verbose_name="last read from"),
                ),
            ],
            options={
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
                "permissions": [("share_view", "Can share saved views")],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_shared", True)), fields=["is_shared"], name="users_savedview_shared"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "name"), name="users_savedview_name"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("owner", "path"),
                        name="users_savedview_default",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SealedDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("sealed_at", models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow())),
                ("emptied_at", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="name")),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
                "constraints": [
                    models.UniqueConstraint(django.db.models.functions.text.Lower("name"), name="users_tag_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="tags",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="people",
                        to="users.tag",
                        verbose_name="tag",
                    ),
                ),
            ],
            options={
                "verbose_name": "tag of a person",
                "verbose_name_plural": "tags of people",
                "constraints": [
                    models.UniqueConstraint(fields=("telegram_user", "tag"), name="users_persontag_once"),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="users_persontag_user_id_fkey", on_delete="CASCADE"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonTagEvent",
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
                        to="users.persontag",
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
                (
                    "tag",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="users.tag",
                        verbose_name="tag",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TodayVisit",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member of staff",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="looked at")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UndoableAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "done_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="done by",
                    ),
                ),
                ("done_at", models.DateTimeField(verbose_name="done")),
                ("expires_at", models.DateTimeField(db_index=True, verbose_name="can be undone until")),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
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
                ("done", models.JSONField(verbose_name="what was done")),
                ("undone_at", models.DateTimeField(null=True, verbose_name="undone")),
            ],
            options={
                "verbose_name": "act that can be undone",
                "verbose_name_plural": "acts that can be undone",
                "default_permissions": (),
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="users_undoableact_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="leadrules",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_leadrulesevent" ("cool_events", "hot_days", "hot_events", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "warm_days", "warm_events", "window_days") VALUES (NEW."cool_events", NEW."hot_days", NEW."hot_events", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."warm_days", NEW."warm_events", NEW."window_days"); RETURN NULL;',
                    hash="452c62969ccc61573a3d1ce6db3027b8edc7577e",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_54bb5",
                    table="users_leadrules",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="leadrules",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."cool_events" IS DISTINCT FROM (NEW."cool_events") OR OLD."hot_days" IS DISTINCT FROM (NEW."hot_days") OR OLD."hot_events" IS DISTINCT FROM (NEW."hot_events") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."warm_days" IS DISTINCT FROM (NEW."warm_days") OR OLD."warm_events" IS DISTINCT FROM (NEW."warm_events") OR OLD."window_days" IS DISTINCT FROM (NEW."window_days"))',
                    func='INSERT INTO "users_leadrulesevent" ("cool_events", "hot_days", "hot_events", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "warm_days", "warm_events", "window_days") VALUES (NEW."cool_events", NEW."hot_days", NEW."hot_events", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."warm_days", NEW."warm_events", NEW."window_days"); RETURN NULL;',
                    hash="e972710d851213d2f5dfd7649072cd5a75cee9b8",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_8c3c4",
                    table="users_leadrules",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="note",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_noteevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id", "written_at", "written_by_id") VALUES (OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."user_id", OLD."written_at", OLD."written_by_id"); RETURN NULL;',
                    hash="dfc98140e374f9ff2f8499fae7a85dad1641b65f",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_995ab",
                    table="users_note",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="persontag",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_persontagevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tag_id", "user_id") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."tag_id", NEW."user_id"); RETURN NULL;',
                    hash="33e1ce5e7de0bfdb691daf86073e29382b00d17a",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_2fff8",
                    table="users_persontag",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="persontag",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_persontagevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tag_id", "user_id") VALUES (OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."tag_id", OLD."user_id"); RETURN NULL;',
                    hash="fc49fca6fb5095d24968460403a906862e91a549",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_053f1",
                    table="users_persontag",
                    when="AFTER",
                ),
            ),
        ),
    ]
