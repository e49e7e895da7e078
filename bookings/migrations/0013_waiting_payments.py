"""The queue of payments that wait for a decision, and its rules."""

import django.core.validators
import django.db.models.deletion
import hsl_dashboard.db
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


# A copy of what bookings/sql says today; later changes are migrations of their own.
FUNCTION = """
-- The trigger's: marks the person of a row, so that beat looks again which of their payments wait for a decision.
CREATE OR REPLACE FUNCTION payments_mark() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO bookings_paymentmark (user_id) SELECT DISTINCT user_id FROM bookings_waitingpayment;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.user_id IS NOT NULL THEN
        INSERT INTO bookings_paymentmark (user_id) VALUES (OLD.user_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.user_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.user_id IS DISTINCT FROM OLD.user_id)
    THEN
        INSERT INTO bookings_paymentmark (user_id) VALUES (NEW.user_id);
    END IF;
    RETURN NULL;
END $$;
"""
PROOF = "{}.event_type IN ('payment_proof_uploaded', 'alternative_payment_proof')"
OLD, NEW = PROOF.format("OLD"), PROOF.format("NEW")
# On events, which are frequent, a condition that is false costs nothing. A status is marked where it is recorded.
MARKS = [
    ("payments_mark", "INSERT", "bookings_bookingchange", "WHEN (NEW.booking_id IS NOT NULL)"),
    ("payments_mark", "DELETE OR UPDATE OF user_id, created_at", "bookings", ""),
    ("payments_mark_insert", "INSERT", "events", f"WHEN ({NEW})"),
    ("payments_mark_update", "UPDATE OF user_id, event_type, created_at", "events", f"WHEN ({OLD} OR {NEW})"),
    ("payments_mark_delete", "DELETE", "events", f"WHEN ({OLD})"),
]
EMPTIED = ("bookings", "events")
CREATE_TRIGGERS = "\n".join(
    [
        f"CREATE TRIGGER {name} AFTER {moments} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION payments_mark();"
        for name, moments, table, when in MARKS
    ]
    + [
        f"CREATE TRIGGER payments_mark_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT"
        " EXECUTE FUNCTION payments_mark();"
        for table in EMPTIED
    ]
)
DROP_TRIGGERS = "\n".join(
    [f"DROP TRIGGER {name} ON {table};" for name, _moments, table, _when in MARKS]
    + [f"DROP TRIGGER payments_mark_truncate ON {table};" for table in EMPTIED]
)
# Beat looks at them, batch by batch, while the bot goes on writing. Proofs are few, and the index on types finds them.
MARK_EVERYBODY = """
INSERT INTO bookings_paymentmark (user_id)
SELECT user_id FROM bookings WHERE confirmed = 1
UNION SELECT user_id FROM events WHERE event_type IN ('payment_proof_uploaded', 'alternative_payment_proof')
"""
AUDIT = """
CREATE TRIGGER audit_row AFTER DELETE ON bookings_paymentrules FOR EACH ROW
    EXECUTE FUNCTION audit_row('id', '', '', '');
CREATE TRIGGER audit_record AFTER INSERT ON bookings_paymentrulesevent FOR EACH ROW
    EXECUTE FUNCTION audit_record('bookings_paymentrules', 'pgh_obj_id', '', '');
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON bookings_paymentrules FOR EACH STATEMENT
    EXECUTE FUNCTION audit_truncate();
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON bookings_paymentrulesevent FOR EACH STATEMENT
    EXECUTE FUNCTION audit_truncate();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0012_undone_changes'),
        ('pghistory', '0007_auto_20250421_0444'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PaymentMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user_id', models.BigIntegerField(db_index=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PaymentRulesEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('long_hours', models.PositiveIntegerField(default=4, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='waits long after, hours')),
                ('late_hours', models.PositiveIntegerField(default=24, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='waits too long after, hours')),
                ('chat_url', models.CharField(blank=True, default='', max_length=200, validators=[django.core.validators.URLValidator(['https'])], verbose_name='chat with the receipts')),
                ('bot_tells', models.BooleanField(default=True, verbose_name='the bot tells about its own confirmations')),
                ('decline_text', models.TextField(blank=True, default='', max_length=1000, verbose_name='words of declining')),
                ('ask_text', models.TextField(blank=True, default='', max_length=1000, verbose_name='words of asking again')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='WaitingPayment',
            fields=[
                ('booking', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='waiting_payment', serialize=False, to='bookings.booking')),
                ('user_id', models.BigIntegerField(db_index=True, verbose_name='Telegram id')),
                ('status', models.IntegerField(null=True, verbose_name='status')),
                ('since', models.DateTimeField(verbose_name='waits since')),
                ('proof_at', models.DateTimeField(null=True, verbose_name='last proof')),
                ('put_off_until', models.DateTimeField(null=True, verbose_name='put off until')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='student asked')),
            ],
            options={
                'verbose_name': 'waiting payment',
                'verbose_name_plural': 'waiting payments',
                'permissions': [('decide_payment', 'Can confirm and decline payments, and ask students about them')],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PaymentRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('long_hours', models.PositiveIntegerField(default=4, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='waits long after, hours')),
                ('late_hours', models.PositiveIntegerField(default=24, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='waits too long after, hours')),
                ('chat_url', models.CharField(blank=True, default='', max_length=200, validators=[django.core.validators.URLValidator(['https'])], verbose_name='chat with the receipts')),
                ('bot_tells', models.BooleanField(default=True, verbose_name='the bot tells about its own confirmations')),
                ('decline_text', models.TextField(blank=True, default='', max_length=1000, verbose_name='words of declining')),
                ('ask_text', models.TextField(blank=True, default='', max_length=1000, verbose_name='words of asking again')),
            ],
            options={
                'verbose_name': 'rules of payments',
                'verbose_name_plural': 'rules of payments',
                'default_permissions': ('change',),
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='bookings_paymentrules_one_row')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='paymentrules',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "bookings_paymentrulesevent" ("ask_text", "bot_tells", "chat_url", "decline_text", "id", "late_hours", "long_hours", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."ask_text", NEW."bot_tells", NEW."chat_url", NEW."decline_text", NEW."id", NEW."late_hours", NEW."long_hours", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='a53b8b2832d93ce672fc874ad2df47faaa838624', operation='INSERT', pgid='pgtrigger_insert_insert_bee4f', table='bookings_paymentrules', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='paymentrules',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "bookings_paymentrulesevent" ("ask_text", "bot_tells", "chat_url", "decline_text", "id", "late_hours", "long_hours", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."ask_text", NEW."bot_tells", NEW."chat_url", NEW."decline_text", NEW."id", NEW."late_hours", NEW."long_hours", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='782601c2700abfada16cd15d0d7b62fdd455edcd', operation='UPDATE', pgid='pgtrigger_update_update_43838', table='bookings_paymentrules', when='AFTER')),
        ),
        migrations.AddField(
            model_name='paymentrulesevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='paymentrulesevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='bookings.paymentrules'),
        ),
        migrations.AddField(
            model_name='waitingpayment',
            name='assignee',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='payments_to_decide', to=settings.AUTH_USER_MODEL, verbose_name='who decides'),
        ),
        migrations.AddIndex(
            model_name='waitingpayment',
            index=models.Index(models.F('since'), models.F('booking'), condition=models.Q(('answered_at', None), ('put_off_until', None)), name='bookings_waiting_open'),
        ),
        migrations.AddIndex(
            model_name='waitingpayment',
            index=models.Index(models.F('put_off_until'), condition=models.Q(('put_off_until__isnull', False)), name='bookings_waiting_put_off'),
        ),
        migrations.AddIndex(
            model_name='waitingpayment',
            index=models.Index(models.F('since'), models.F('booking'), condition=models.Q(('answered_at__isnull', False)), name='bookings_waiting_answered'),
        ),
        migrations.AddConstraint(
            model_name='waitingpayment',
            constraint=hsl_dashboard.db.DatabaseForeignKey(field='booking', name='bookings_waiting_booking_id_fkey', on_delete='CASCADE'),
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION payments_mark();"),
        migrations.RunSQL(CREATE_TRIGGERS, DROP_TRIGGERS),
        migrations.RunSQL(MARK_EVERYBODY, migrations.RunSQL.noop),
        migrations.RunSQL(AUDIT, migrations.RunSQL.noop),
    ]
