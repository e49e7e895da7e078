"""Notices of payments from outside: stored before anything is done with them."""

import django.contrib.postgres.functions
import django.db.models.deletion
import hsl_dashboard.db
from django.conf import settings
from django.db import migrations, models


TRIGGERS = """
CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON bookings_incomingpayment FOR EACH ROW
    EXECUTE FUNCTION audit_row('id', '', 'tries,next_try_at', 'raw,note');
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON bookings_incomingpayment FOR EACH STATEMENT
    EXECUTE FUNCTION audit_truncate();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0013_waiting_payments'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='IncomingPayment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('hand', 'Entered by hand'), ('bank', 'Bank'), ('webhook', 'Payment service')], max_length=10, verbose_name='source')),
                ('event_id', models.CharField(max_length=200, verbose_name='number of the notice')),
                ('kind', models.CharField(choices=[('payment.received', 'Payment'), ('payment.refunded', 'Refund'), ('unreadable', 'Unreadable')], max_length=20, verbose_name='kind')),
                ('booking_number', models.BigIntegerField(null=True, verbose_name='number of the booking as sent')),
                ('external_id', models.CharField(blank=True, max_length=200, verbose_name='number at the source')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name='amount')),
                ('currency', models.CharField(blank=True, max_length=3, verbose_name='currency')),
                ('paid_at', models.DateTimeField(null=True, verbose_name='paid')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('raw', models.TextField(null=True)),
                ('received_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='received')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('applied', 'Recorded'), ('unmatched', 'Not matched'), ('dismissed', 'Dismissed')], db_default='waiting', max_length=10, verbose_name='state')),
                ('why', models.CharField(blank=True, choices=[('unreadable', 'The notice could not be read'), ('booking', 'There is no such booking'), ('amount', 'The amount is not what the booking still owes'), ('number', 'Another payment has this number'), ('cancelled', 'The booking is cancelled'), ('full', 'The stream has no free place'), ('status', "The booking's status does not allow it"), ('refund', 'More was given back than was received'), ('failed', 'It could not be recorded in ten tries')], db_default='', max_length=10, verbose_name='why')),
                ('tries', models.SmallIntegerField(db_default=0)),
                ('next_try_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow())),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('reason', models.CharField(blank=True, db_default='', max_length=500, verbose_name='reason')),
                ('booking', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='bookings.booking', verbose_name='booking')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.payment', verbose_name='payment')),
            ],
            options={
                'verbose_name': 'notice of a payment',
                'verbose_name_plural': 'notices of payments',
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['next_try_at'], name='bookings_incoming_waiting'), models.Index(condition=models.Q(('state', 'unmatched')), fields=['received_at', 'id'], name='bookings_incoming_people'), models.Index(condition=models.Q(('raw__isnull', False)), fields=['received_at'], name='bookings_incoming_raw')],
                'constraints': [hsl_dashboard.db.DatabaseForeignKey(field='booking', name='bookings_incoming_booking_id_fkey', on_delete='SET NULL'), models.UniqueConstraint(fields=('source', 'event_id'), name='bookings_incoming_once')],
            },
        ),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]
