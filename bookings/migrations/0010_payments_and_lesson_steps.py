"""Payments, prices of streams, and how far each registration for a free lesson led."""

import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
import users.models.fields
from django.conf import settings
from django.db import migrations, models


# A copy of what bookings/sql says today, with its reasons; later changes are migrations of their own.
FUNCTIONS = """
-- Counts how far each registration of these people led. A step counts when it happened at or after the registration.
-- The bot writes the kind of a lesson into details, at the top or under "lesson". A date outside the calendar is none.
CREATE OR REPLACE FUNCTION lesson_steps_of(people bigint[]) RETURNS TABLE (
    registration_id integer, user_id bigint, lesson_type text, lesson_on date, registered_at timestamptz,
    reminded boolean, attended_at timestamptz, booked_at timestamptz, confirmed boolean
) LANGUAGE sql STABLE AS $$
    SELECT
        r.id, r.user_id, COALESCE(r.lesson_type, ''),
        CASE WHEN r.lesson_date BETWEEN '0001-01-01' AND '9999-12-31' THEN r.lesson_date ELSE '-infinity' END,
        CASE WHEN r.registered_at BETWEEN '0001-01-02' AND '9999-12-30' THEN r.registered_at ELSE '-infinity' END,
        COALESCE(r.notification_sent, false), e.attended_at, b.booked_at, b.confirmed
    FROM free_lesson_registrations AS r
    CROSS JOIN LATERAL (
        SELECT min(created_at) AS attended_at FROM events
        WHERE events.user_id = r.user_id AND event_type = 'lesson_link_clicked'
            AND created_at >= COALESCE(r.registered_at, '-infinity')
            AND created_at BETWEEN '0001-01-02' AND '9999-12-30'
            AND r.lesson_type IN (details->>'lesson_type', details->'lesson'->>'lesson_type')
    ) AS e
    CROSS JOIN LATERAL (
        SELECT min(bookings.created_at) AS booked_at, COALESCE(bool_or(bookings.confirmed = 2), false) AS confirmed
        FROM bookings
        WHERE bookings.user_id = r.user_id AND bookings.created_at >= COALESCE(r.registered_at, '-infinity')
            AND bookings.created_at BETWEEN '0001-01-02' AND '9999-12-30'
    ) AS b
    WHERE r.user_id = ANY (people)
$$;

-- Counts the registrations of these people again. Called by one at a time, who holds the lock of lesson_steps_fold.
CREATE OR REPLACE FUNCTION lesson_steps_recount(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
BEGIN
    DELETE FROM lesson_steps AS s
    WHERE s.user_id = ANY (people) AND NOT EXISTS (
        SELECT FROM free_lesson_registrations AS r WHERE r.id = s.registration_id AND r.user_id = s.user_id
    );
    INSERT INTO lesson_steps AS s (
        registration_id, user_id, lesson_type, lesson_on, registered_at, reminded, attended_at, booked_at, confirmed
    ) SELECT * FROM lesson_steps_of(people)
    ON CONFLICT (registration_id) DO UPDATE SET
        user_id = EXCLUDED.user_id, lesson_type = EXCLUDED.lesson_type, lesson_on = EXCLUDED.lesson_on,
        registered_at = EXCLUDED.registered_at, reminded = EXCLUDED.reminded, attended_at = EXCLUDED.attended_at,
        booked_at = EXCLUDED.booked_at, confirmed = EXCLUDED.confirmed
    WHERE s IS DISTINCT FROM EXCLUDED;
END $$;

-- Counts marked people and takes their marks away; returns how many, or -1 while somebody else is at it. A mark is
-- removed before the count: one that arrives later may stand for a row that this count has not seen.
CREATE OR REPLACE FUNCTION lesson_steps_fold(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('lesson_steps_fold', 0)) THEN
        RETURN -1;
    END IF;
    WITH taken AS (
        DELETE FROM lesson_steps_pending
        WHERE user_id IN (SELECT DISTINCT user_id FROM lesson_steps_pending LIMIT at_most)
        RETURNING user_id
    )
    SELECT array_agg(DISTINCT user_id) INTO people FROM taken;
    IF people IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM lesson_steps_recount(people);
    RETURN cardinality(people);
END $$;

-- The trigger's: marks the person of a row, so that their registrations are counted again.
CREATE OR REPLACE FUNCTION lesson_steps_mark() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO lesson_steps_pending (user_id) SELECT DISTINCT user_id FROM lesson_steps;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.user_id IS NOT NULL THEN
        INSERT INTO lesson_steps_pending (user_id) VALUES (OLD.user_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.user_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.user_id IS DISTINCT FROM OLD.user_id)
    THEN
        INSERT INTO lesson_steps_pending (user_id) VALUES (NEW.user_id);
    END IF;
    RETURN NULL;
END $$;

-- What a booking is worth: the price of its stream, else of its course in US dollars, less its discount.
CREATE OR REPLACE VIEW booking_money AS
    SELECT
        b.id AS booking_id,
        p.price,
        CASE WHEN s.price IS NOT NULL THEN s.currency ELSE 'USD' END AS currency,
        p.price - p.expected AS discount,
        p.expected
    FROM bookings AS b
    LEFT JOIN courses AS k ON k.id = b.course_id
    LEFT JOIN bookings_stream AS s ON s.course_id = b.course_id AND s.code = b.course_stream
    CROSS JOIN LATERAL (
        SELECT COALESCE(s.price, round(k.price_usd_cents / 100.0, 2)) AS price,
            round(
                COALESCE(s.price, k.price_usd_cents / 100.0)
                    * (100 - LEAST(GREATEST(COALESCE(b.discount_percent, 0), 0), 100)) / 100,
                2
            ) AS expected
    ) AS p;
"""
DROP_FUNCTIONS = """
DROP VIEW booking_money;
DROP FUNCTION lesson_steps_fold(integer);
DROP FUNCTION lesson_steps_recount(bigint[]);
DROP FUNCTION lesson_steps_of(bigint[]);
DROP FUNCTION lesson_steps_mark();
"""

CLICKED = "event_type = 'lesson_link_clicked'"
# On events, which are frequent, a condition that is false costs nothing.
MARKS = [
    (
        "lesson_steps_mark",
        "INSERT OR DELETE OR UPDATE OF user_id, lesson_type, lesson_date, registered_at, notification_sent",
        "free_lesson_registrations",
        "",
    ),
    ("lesson_steps_mark", "INSERT OR DELETE OR UPDATE OF user_id, created_at, confirmed", "bookings", ""),
    ("lesson_steps_mark_insert", "INSERT", "events", f"WHEN (NEW.{CLICKED})"),
    (
        "lesson_steps_mark_update",
        "UPDATE OF user_id, event_type, created_at, details",
        "events",
        f"WHEN (OLD.{CLICKED} OR NEW.{CLICKED})",
    ),
    ("lesson_steps_mark_delete", "DELETE", "events", f"WHEN (OLD.{CLICKED})"),
]
EMPTIED = ("free_lesson_registrations", "bookings", "events")
CREATE_TRIGGERS = "\n".join(
    [
        f"CREATE TRIGGER {name} AFTER {moments} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION lesson_steps_mark();"
        for name, moments, table, when in MARKS
    ]
    + [
        f"CREATE TRIGGER lesson_steps_mark_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT"
        " EXECUTE FUNCTION lesson_steps_mark();"
        for table in EMPTIED
    ]
)
DROP_TRIGGERS = "\n".join(
    [f"DROP TRIGGER {name} ON {table};" for name, _moments, table, _when in MARKS]
    + [f"DROP TRIGGER lesson_steps_mark_truncate ON {table};" for table in EMPTIED]
)
# Beat counts them, batch by batch, while the bot goes on writing.
MARK_EVERYBODY = "INSERT INTO lesson_steps_pending (user_id) SELECT DISTINCT user_id FROM free_lesson_registrations"

AUDIT = """
CREATE TRIGGER audit_record AFTER INSERT ON bookings_paymentevent FOR EACH ROW
    EXECUTE FUNCTION audit_record('bookings_payment', 'pgh_obj_id', '', '');
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON bookings_payment FOR EACH STATEMENT EXECUTE FUNCTION audit_truncate();
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON bookings_paymentevent FOR EACH STATEMENT
    EXECUTE FUNCTION audit_truncate();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0009_index_of_discounts'),
        ('pghistory', '0007_auto_20250421_0444'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BookingMoney',
            fields=[
                ('booking', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='money', serialize=False, to='bookings.booking')),
                ('price', models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ('currency', models.CharField(choices=[('USD', 'USD'), ('EUR', 'EUR'), ('RUB', 'RUB'), ('KZT', 'KZT')], max_length=3)),
                ('discount', models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ('expected', models.DecimalField(decimal_places=2, max_digits=12, null=True)),
            ],
            options={
                'db_table': 'booking_money',
                'managed': False,
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='LessonSteps',
            fields=[
                ('registration', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='steps', serialize=False, to='bookings.freelessonregistration', verbose_name='free lesson registration')),
                ('user_id', models.BigIntegerField(db_index=True, verbose_name='Telegram id')),
                ('lesson_type', models.TextField(db_collation='C', db_default='', verbose_name='lesson')),
                ('lesson_on', users.models.fields.EverSortedDateField(db_default='-infinity', verbose_name='lesson date')),
                ('registered_at', users.models.fields.EverSortedDateTimeField(db_default='-infinity', verbose_name='registered')),
                ('reminded', models.BooleanField(db_default=False, verbose_name='reminder sent')),
                ('attended_at', models.DateTimeField(null=True, verbose_name='came')),
                ('booked_at', models.DateTimeField(null=True, verbose_name='booked')),
                ('confirmed', models.BooleanField(db_default=False, verbose_name='confirmed')),
            ],
            options={
                'verbose_name': 'way of a registration',
                'verbose_name_plural': 'ways of registrations',
                'db_table': 'lesson_steps',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='amount')),
                ('currency', models.CharField(choices=[('USD', 'USD'), ('EUR', 'EUR'), ('RUB', 'RUB'), ('KZT', 'KZT')], max_length=3, verbose_name='currency')),
                ('source', models.CharField(choices=[('hand', 'Entered by hand'), ('bank', 'Bank'), ('webhook', 'Payment service')], db_default='hand', max_length=10, verbose_name='source')),
                ('external_id', models.CharField(blank=True, max_length=200, null=True, verbose_name='number at the source')),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('note', models.TextField(blank=True, db_default='', verbose_name='note')),
            ],
            options={
                'verbose_name': 'payment',
                'verbose_name_plural': 'payments',
            },
        ),
        migrations.CreateModel(
            name='PaymentEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='amount')),
                ('currency', models.CharField(choices=[('USD', 'USD'), ('EUR', 'EUR'), ('RUB', 'RUB'), ('KZT', 'KZT')], max_length=3, verbose_name='currency')),
                ('source', models.CharField(choices=[('hand', 'Entered by hand'), ('bank', 'Bank'), ('webhook', 'Payment service')], db_default='hand', max_length=10, verbose_name='source')),
                ('external_id', models.CharField(blank=True, max_length=200, null=True, verbose_name='number at the source')),
                ('received_at', models.DateTimeField(verbose_name='received')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PersonToStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user_id', models.BigIntegerField(db_index=True)),
            ],
            options={
                'db_table': 'lesson_steps_pending',
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='stream',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='stream',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='stream',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='stream',
            name='currency',
            field=models.CharField(choices=[('USD', 'USD'), ('EUR', 'EUR'), ('RUB', 'RUB'), ('KZT', 'KZT')], db_default='USD', default='USD', max_length=3, verbose_name='currency'),
        ),
        migrations.AddField(
            model_name='stream',
            name='price',
            field=models.DecimalField(blank=True, decimal_places=2, help_text='Before any discount. Empty: the price of the course, in US dollars.', max_digits=10, null=True, verbose_name='price'),
        ),
        migrations.AddField(
            model_name='streamevent',
            name='currency',
            field=models.CharField(choices=[('USD', 'USD'), ('EUR', 'EUR'), ('RUB', 'RUB'), ('KZT', 'KZT')], db_default='USD', default='USD', max_length=3, verbose_name='currency'),
        ),
        migrations.AddField(
            model_name='streamevent',
            name='price',
            field=models.DecimalField(blank=True, decimal_places=2, help_text='Before any discount. Empty: the price of the course, in US dollars.', max_digits=10, null=True, verbose_name='price'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stream',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "currency", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "price", "starts_on") VALUES (NEW."campaign_starts_on", NEW."capacity", NEW."code", NEW."course_id", NEW."currency", NEW."id", NEW."is_current", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."price", NEW."starts_on"); RETURN NULL;', hash='b79a88511516a917fbbb39c77634dfc9d543461f', operation='INSERT', pgid='pgtrigger_insert_insert_f5ad2', table='bookings_stream', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stream',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "currency", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "price", "starts_on") VALUES (NEW."campaign_starts_on", NEW."capacity", NEW."code", NEW."course_id", NEW."currency", NEW."id", NEW."is_current", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."price", NEW."starts_on"); RETURN NULL;', hash='49624de8f1a0a2feea01b845688715ac842a3663', operation='UPDATE', pgid='pgtrigger_update_update_39c88', table='bookings_stream', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stream',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "bookings_streamevent" ("campaign_starts_on", "capacity", "code", "course_id", "currency", "id", "is_current", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "price", "starts_on") VALUES (OLD."campaign_starts_on", OLD."capacity", OLD."code", OLD."course_id", OLD."currency", OLD."id", OLD."is_current", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."price", OLD."starts_on"); RETURN NULL;', hash='1cc5ab450ef4726beeb9e92af1eccca0ed919838', operation='DELETE', pgid='pgtrigger_delete_delete_c2d22', table='bookings_stream', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('price', None), ('price__gte', 0), _connector='OR'), name='bookings_stream_price'),
        ),
        migrations.AddIndex(
            model_name='lessonsteps',
            index=models.Index(models.F('registered_at'), models.F('registration'), name='lesson_steps_newest'),
        ),
        migrations.AddIndex(
            model_name='lessonsteps',
            index=models.Index(models.F('lesson_on'), models.F('registration'), name='lesson_steps_by_day'),
        ),
        migrations.AddIndex(
            model_name='lessonsteps',
            index=models.Index(models.F('lesson_type'), models.F('registered_at'), models.F('registration'), name='lesson_steps_of_lesson'),
        ),
        migrations.AddIndex(
            model_name='lessonsteps',
            index=models.Index(models.F('lesson_on'), models.F('lesson_type'), include=('reminded', 'attended_at', 'booked_at', 'confirmed'), name='lesson_steps_counted'),
        ),
        migrations.AddIndex(
            model_name='lessonsteps',
            index=models.Index(models.F('registered_at'), models.F('registration'), condition=models.Q(('booked_at__isnull', False)), name='lesson_steps_booked'),
        ),
        migrations.AddIndex(
            model_name='lessonsteps',
            index=models.Index(models.F('registered_at'), models.F('registration'), condition=models.Q(('confirmed', True)), name='lesson_steps_confirmed'),
        ),
        migrations.AddField(
            model_name='payment',
            name='booking',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='payments', to='bookings.booking', verbose_name='booking'),
        ),
        migrations.AddField(
            model_name='payment',
            name='recorded_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='payments_recorded', to=settings.AUTH_USER_MODEL, verbose_name='recorded by'),
        ),
        migrations.AddField(
            model_name='paymentevent',
            name='booking',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='bookings.booking', verbose_name='booking'),
        ),
        migrations.AddField(
            model_name='paymentevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='paymentevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='bookings.payment'),
        ),
        migrations.AddField(
            model_name='paymentevent',
            name='recorded_by',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(models.OrderBy(models.F('received_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='bookings_payment_newest'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=hsl_dashboard.db.DatabaseForeignKey(field='booking', name='bookings_payment_booking_id_fkey', on_delete='SET NULL'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(fields=('source', 'external_id'), name='bookings_payment_once'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='bookings_payment_of_something'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payment',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "bookings_paymentevent" ("amount", "booking_id", "currency", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "received_at", "recorded_by_id", "source") VALUES (NEW."amount", NEW."booking_id", NEW."currency", NEW."external_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."received_at", NEW."recorded_by_id", NEW."source"); RETURN NULL;', hash='983366a8fcece636de1a7af774c1af9e5c5d5caf', operation='INSERT', pgid='pgtrigger_insert_insert_82041', table='bookings_payment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payment',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."booking_id" IS DISTINCT FROM (NEW."booking_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."received_at" IS DISTINCT FROM (NEW."received_at") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."source" IS DISTINCT FROM (NEW."source"))', func='INSERT INTO "bookings_paymentevent" ("amount", "booking_id", "currency", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "received_at", "recorded_by_id", "source") VALUES (NEW."amount", NEW."booking_id", NEW."currency", NEW."external_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."received_at", NEW."recorded_by_id", NEW."source"); RETURN NULL;', hash='601ec5cb6674d3eaa0bf3929b021a220abe3ffbc', operation='UPDATE', pgid='pgtrigger_update_update_3a7df', table='bookings_payment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payment',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "bookings_paymentevent" ("amount", "booking_id", "currency", "external_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "received_at", "recorded_by_id", "source") VALUES (OLD."amount", OLD."booking_id", OLD."currency", OLD."external_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."received_at", OLD."recorded_by_id", OLD."source"); RETURN NULL;', hash='cea00b7c481bc68156ec3d1463d86dc6f2aa7f62', operation='DELETE', pgid='pgtrigger_delete_delete_d6c1c', table='bookings_payment', when='AFTER')),
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(CREATE_TRIGGERS, DROP_TRIGGERS),
        migrations.RunSQL(MARK_EVERYBODY, migrations.RunSQL.noop),
        migrations.RunSQL(AUDIT, migrations.RunSQL.noop),
    ]
