"""The bot's tables of courses, bookings, lessons and coupons, with the keys, indexes and triggers that the dashboard needs."""

import django.contrib.postgres.functions
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("users", "0002_bot_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Course",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.TextField(verbose_name="name")),
                ("description", models.TextField(blank=True, null=True, verbose_name="description")),
                ("price_usd_cents", models.IntegerField(db_default=0, verbose_name="price, US cents")),
                ("button_text", models.CharField(max_length=100, verbose_name="button text")),
                ("is_active", models.BooleanField(blank=True, db_default=True, null=True, verbose_name="active")),
                (
                    "start_date_text",
                    models.CharField(
                        blank=True, max_length=100, null=True, verbose_name="start date, as the bot says it"
                    ),
                ),
            ],
            options={
                "verbose_name": "course",
                "verbose_name_plural": "courses",
                "db_table": "courses",
            },
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bookings",
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
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bookings",
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
                "verbose_name": "booking",
                "verbose_name_plural": "bookings",
                "db_table": "bookings",
                "permissions": [
                    ("override_status", "Can reactivate a cancelled booking and take back a confirmed one")
                ],
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("created_at"), descending=True, nulls_last=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="bookings_newest_first",
                    ),
                    models.Index(
                        models.F("telegram_user"),
                        models.OrderBy(models.F("created_at"), descending=True, nulls_last=True),
                        name="bookings_user_created",
                    ),
                    models.Index(
                        models.F("course"),
                        models.F("course_stream"),
                        models.F("confirmed"),
                        name="bookings_stream_status",
                    ),
                    models.Index(
                        models.F("confirmed"),
                        models.OrderBy(models.F("created_at"), descending=True, nulls_last=True),
                        name="bookings_status_created",
                    ),
                    models.Index(
                        models.F("referral_code"),
                        condition=models.Q(("referral_code", None), _negated=True),
                        name="bookings_referral_code",
                    ),
                    models.Index(
                        models.F("telegram_user"),
                        models.F("course"),
                        models.F("id"),
                        condition=models.Q(
                            ("confirmed", None), models.Q(("confirmed", -1), _negated=True), _connector="OR"
                        ),
                        name="bookings_active",
                    ),
                    models.Index(
                        models.F("id"),
                        condition=models.Q(
                            ("confirmed", 2), models.Q(("course_stream", None), ("course_stream", ""), _connector="OR")
                        ),
                        name="bookings_without_stream",
                    ),
                    models.Index(models.F("course_stream"), name="bookings_course_stream"),
                ],
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="bookings_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="course", name="bookings_course_id_fkey", on_delete="RESTRICT"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FreeLessonRegistration",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="free_lessons",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("username", models.TextField(blank=True, null=True, verbose_name="username")),
                ("first_name", models.TextField(blank=True, null=True, verbose_name="first name")),
                ("email", models.TextField(verbose_name="e-mail")),
                (
                    "registered_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="registered",
                    ),
                ),
                (
                    "notification_sent",
                    models.BooleanField(blank=True, db_default=False, null=True, verbose_name="reminder sent"),
                ),
                (
                    "lesson_type",
                    models.CharField(
                        blank=True, db_default="cursor_lesson", max_length=50, null=True, verbose_name="lesson"
                    ),
                ),
                ("lesson_date", models.DateField(blank=True, null=True, verbose_name="lesson date")),
            ],
            options={
                "verbose_name": "free lesson registration",
                "verbose_name_plural": "free lesson registrations",
                "db_table": "free_lesson_registrations",
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("registered_at"), descending=True, nulls_last=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="free_lessons_newest_first",
                    ),
                    models.Index(models.F("lesson_type"), models.F("lesson_date"), name="free_lessons_type_date"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("telegram_user", "lesson_type", "lesson_date"),
                        name="free_lessons_once_per_person_and_date",
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="free_lesson_registrations_user_id_fkey", on_delete="CASCADE"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HackathonRegistration",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "telegram_user",
                    models.ForeignKey(
                        blank=True,
                        db_column="user_id",
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="hackathon_registrations",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("username", models.TextField(blank=True, null=True, verbose_name="username")),
                (
                    "created_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="created",
                    ),
                ),
            ],
            options={
                "verbose_name": "hackathon registration",
                "verbose_name_plural": "hackathon registrations",
                "db_table": "hackathon_registrations",
                "constraints": [
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="hackathon_registrations_user_id_fkey", on_delete="CASCADE"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReferralCoupon",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("code", models.TextField(unique=True, verbose_name="code")),
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
                "verbose_name": "referral coupon",
                "verbose_name_plural": "referral coupons",
                "db_table": "referral_coupons",
            },
        ),
        migrations.CreateModel(
            name="ReferralUsage",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "coupon",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="usages",
                        to="bookings.referralcoupon",
                        verbose_name="referral coupon",
                    ),
                ),
                (
                    "telegram_user",
                    models.ForeignKey(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="coupon_usages",
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                (
                    "booking",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="coupon_usages",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "used_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        null=True,
                        verbose_name="used",
                    ),
                ),
            ],
            options={
                "verbose_name": "coupon use",
                "verbose_name_plural": "coupon uses",
                "db_table": "referral_usage",
                "constraints": [
                    models.UniqueConstraint(fields=("coupon", "telegram_user"), name="referral_usage_once_per_person"),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="coupon", name="referral_usage_coupon_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="telegram_user", name="referral_usage_user_id_fkey", on_delete="CASCADE"
                    ),
                    hsl_dashboard.db.DatabaseForeignKey(
                        field="booking", name="referral_usage_booking_id_fkey", on_delete="CASCADE"
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE known record;",
                    func="\n            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;\n            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN\n                INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n                VALUES (NEW.user_id, NULLIF(btrim(NEW.username), ''), NULLIF(btrim(NEW.first_name), ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now()))\n                ON CONFLICT (user_id) DO NOTHING;\n            ELSIF (NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(known.username), '') = '') OR (NULLIF(btrim(NEW.first_name), '') IS NOT NULL AND COALESCE(btrim(known.first_name), '') = '') THEN\n                UPDATE users SET username = COALESCE(NULLIF(btrim(username), ''), NULLIF(btrim(NEW.username), '')), first_name = COALESCE(NULLIF(btrim(first_name), ''), NULLIF(btrim(NEW.first_name), '')) WHERE user_id = (\n                    SELECT user_id FROM users WHERE user_id = NEW.user_id AND ((NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(username), '') = '') OR (NULLIF(btrim(NEW.first_name), '') IS NOT NULL AND COALESCE(btrim(first_name), '') = ''))\n                    FOR NO KEY UPDATE SKIP LOCKED\n                );\n            END IF;\n            RETURN NEW;\n        ",
                    hash="906db1fdbe8d8aa571fd5f74a0186e92c3d59531",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_fa3ed",
                    table="bookings",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE known record;",
                    func="\n            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;\n            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN\n                INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)\n                VALUES (NEW.user_id, NULLIF(btrim(NEW.username), ''), NULLIF(btrim(NEW.first_name), ''), COALESCE(NEW.registered_at, now()), COALESCE(NEW.registered_at, now()))\n                ON CONFLICT (user_id) DO NOTHING;\n            ELSIF (NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(known.username), '') = '') OR (NULLIF(btrim(NEW.first_name), '') IS NOT NULL AND COALESCE(btrim(known.first_name), '') = '') THEN\n                UPDATE users SET username = COALESCE(NULLIF(btrim(username), ''), NULLIF(btrim(NEW.username), '')), first_name = COALESCE(NULLIF(btrim(first_name), ''), NULLIF(btrim(NEW.first_name), '')) WHERE user_id = (\n                    SELECT user_id FROM users WHERE user_id = NEW.user_id AND ((NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(username), '') = '') OR (NULLIF(btrim(NEW.first_name), '') IS NOT NULL AND COALESCE(btrim(first_name), '') = ''))\n                    FOR NO KEY UPDATE SKIP LOCKED\n                );\n            END IF;\n            RETURN NEW;\n        ",
                    hash="c4465946e3c4384c171101ac1c0e6f4ab6d57f98",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_8242b",
                    table="free_lesson_registrations",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="hackathonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE known record;",
                    func="\n            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;\n            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN\n                INSERT INTO users (user_id, username, first_seen_at, updated_at)\n                VALUES (NEW.user_id, NULLIF(btrim(NEW.username), ''), COALESCE(NEW.created_at, now()), COALESCE(NEW.created_at, now()))\n                ON CONFLICT (user_id) DO NOTHING;\n            ELSIF (NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(known.username), '') = '') THEN\n                UPDATE users SET username = COALESCE(NULLIF(btrim(username), ''), NULLIF(btrim(NEW.username), '')) WHERE user_id = (\n                    SELECT user_id FROM users WHERE user_id = NEW.user_id AND ((NULLIF(btrim(NEW.username), '') IS NOT NULL AND COALESCE(btrim(username), '') = ''))\n                    FOR NO KEY UPDATE SKIP LOCKED\n                );\n            END IF;\n            RETURN NEW;\n        ",
                    hash="d90ba324fa990ec04852cef194d2501b7123a7ae",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_73f8b",
                    table="hackathon_registrations",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referralusage",
            trigger=pgtrigger.compiler.Trigger(
                name="create_missing_person",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE known record;",
                    func="\n            SELECT username, first_name INTO known FROM users WHERE user_id = NEW.user_id;\n            IF NOT FOUND AND NEW.user_id IS NOT NULL THEN\n                INSERT INTO users (user_id, first_seen_at, updated_at)\n                VALUES (NEW.user_id, COALESCE(NEW.used_at, now()), COALESCE(NEW.used_at, now()))\n                ON CONFLICT (user_id) DO NOTHING;\n            \n            END IF;\n            RETURN NEW;\n        ",
                    hash="0c8f53fe601a01d9d77734dae306fecbac912809",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_create_missing_person_f2c5d",
                    table="referral_usage",
                    when="BEFORE",
                ),
            ),
        ),
    ]
