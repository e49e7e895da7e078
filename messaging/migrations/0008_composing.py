"""Keep drafts, templates, segments, linked accounts and the rules of sending."""

import django.contrib.postgres.functions
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0007_outbox'),
        ('pghistory', '0007_auto_20250421_0444'),
        ('users', '0012_booking_history_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SendingRulesEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('approval_above', models.PositiveIntegerField(blank=True, help_text='A message to more people than this needs a second person. Empty: never.', null=True, verbose_name='approval above, recipients')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TelegramLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('linked_at', models.DateTimeField(null=True, verbose_name='linked')),
                ('code_hash', models.CharField(blank=True, max_length=200, verbose_name='code')),
                ('code_sent_at', models.DateTimeField(null=True, verbose_name='code sent')),
                ('attempts_left', models.PositiveSmallIntegerField(default=0, verbose_name='attempts left')),
            ],
            options={
                'verbose_name': 'linked Telegram account',
                'verbose_name_plural': 'linked Telegram accounts',
            },
        ),
        migrations.CreateModel(
            name='TemplateVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='version')),
                ('content', models.JSONField(verbose_name='content')),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='created')),
            ],
            options={
                'verbose_name': 'version of a template',
                'verbose_name_plural': 'versions of templates',
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='submission token')),
                ('content', models.JSONField(default=dict, verbose_name='content')),
                ('media_upload', models.FileField(blank=True, max_length=200, upload_to='broadcasts/', verbose_name='file')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='version')),
                ('saved_from', models.CharField(blank=True, max_length=40, verbose_name='saved from')),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='created')),
                ('updated_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='last changed')),
                ('asked_at', models.DateTimeField(null=True, verbose_name='approval asked')),
                ('asked_version', models.PositiveIntegerField(null=True, verbose_name='version to approve')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approval asked by')),
                ('broadcast', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='draft', to='messaging.broadcast', verbose_name='broadcast')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('updated_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='last changed by')),
            ],
            options={
                'verbose_name': 'draft',
                'verbose_name_plural': 'drafts',
                'permissions': [('approve_broadcast', 'Can approve messages that others wrote')],
            },
        ),
        migrations.CreateModel(
            name='MessageTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                ('is_archived', models.BooleanField(default=False, verbose_name='archived')),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='created')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
            ],
            options={
                'verbose_name': 'template',
                'verbose_name_plural': 'templates',
            },
        ),
        migrations.CreateModel(
            name='MessageTemplateEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('is_archived', models.BooleanField(default=False, verbose_name='archived')),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='created')),
                ('created_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='messaging.messagetemplate')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('audience', models.JSONField(verbose_name='audience')),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='created')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='segments', to=settings.AUTH_USER_MODEL, verbose_name='owner; empty: shared')),
            ],
            options={
                'verbose_name': 'segment',
                'verbose_name_plural': 'segments',
            },
        ),
        migrations.CreateModel(
            name='SegmentEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('audience', models.JSONField(verbose_name='audience')),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='created')),
                ('created_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner; empty: shared')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='messaging.segment')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SendingRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('approval_above', models.PositiveIntegerField(blank=True, help_text='A message to more people than this needs a second person. Empty: never.', null=True, verbose_name='approval above, recipients')),
            ],
            options={
                'verbose_name': 'rules of sending',
                'verbose_name_plural': 'rules of sending',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='messaging_sendingrules_one_row')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sendingrules',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "messaging_sendingrulesevent" ("approval_above", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."approval_above", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='873cfdd2410c06db9a7b720a572195c8127bee24', operation='INSERT', pgid='pgtrigger_insert_insert_0766e', table='messaging_sendingrules', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sendingrules',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "messaging_sendingrulesevent" ("approval_above", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."approval_above", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='6c194ff65bec351d42bb5a7a20dea658936928e5', operation='UPDATE', pgid='pgtrigger_update_update_5e84b', table='messaging_sendingrules', when='AFTER')),
        ),
        migrations.AddField(
            model_name='sendingrulesevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='sendingrulesevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='messaging.sendingrules'),
        ),
        migrations.AddField(
            model_name='telegramlink',
            name='code_broadcast',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='messaging.broadcast', verbose_name='message with the code'),
        ),
        migrations.AddField(
            model_name='telegramlink',
            name='telegram_user',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.telegramuser', verbose_name='person'),
        ),
        migrations.AddField(
            model_name='telegramlink',
            name='user',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='telegram_link', to=settings.AUTH_USER_MODEL, verbose_name='staff account'),
        ),
        migrations.AddField(
            model_name='templateversion',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author'),
        ),
        migrations.AddField(
            model_name='templateversion',
            name='template',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='messaging.messagetemplate', verbose_name='template'),
        ),
        migrations.AddField(
            model_name='draft',
            name='template',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='drafts', to='messaging.templateversion', verbose_name='template'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='messagetemplate',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "messaging_messagetemplateevent" ("created_at", "created_by_id", "id", "is_archived", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."created_at", NEW."created_by_id", NEW."id", NEW."is_archived", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='4f9b603d46191361d1f2213ee085ef711c537062', operation='INSERT', pgid='pgtrigger_insert_insert_550b1', table='messaging_messagetemplate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='messagetemplate',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "messaging_messagetemplateevent" ("created_at", "created_by_id", "id", "is_archived", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."created_at", NEW."created_by_id", NEW."id", NEW."is_archived", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='b9e6b29179b6cfe9fcef93627cfe4dc4245d0164', operation='UPDATE', pgid='pgtrigger_update_update_be409', table='messaging_messagetemplate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='messagetemplate',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "messaging_messagetemplateevent" ("created_at", "created_by_id", "id", "is_archived", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."created_at", OLD."created_by_id", OLD."id", OLD."is_archived", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='013f493dd160f47ece17d24ba7d0c66653003a42', operation='DELETE', pgid='pgtrigger_delete_delete_7bdfa', table='messaging_messagetemplate', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.UniqueConstraint(condition=models.Q(('owner', None)), fields=('name',), name='messaging_segment_shared_name'),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.UniqueConstraint(fields=('owner', 'name'), name='messaging_segment_own_name'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='segment',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "messaging_segmentevent" ("audience", "created_at", "created_by_id", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."audience", NEW."created_at", NEW."created_by_id", NEW."id", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='96dcbcc26285ad6244f088a3e3643661d2a6393e', operation='INSERT', pgid='pgtrigger_insert_insert_44638', table='messaging_segment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='segment',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "messaging_segmentevent" ("audience", "created_at", "created_by_id", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."audience", NEW."created_at", NEW."created_by_id", NEW."id", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='62e18b31e516434408ec9d23e9d1628b82b9590f', operation='UPDATE', pgid='pgtrigger_update_update_3f2f7', table='messaging_segment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='segment',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "messaging_segmentevent" ("audience", "created_at", "created_by_id", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."audience", OLD."created_at", OLD."created_by_id", OLD."id", OLD."name", OLD."owner_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='84c8cf8872f5b7a6d9e1dbab17b450f36597ccea', operation='DELETE', pgid='pgtrigger_delete_delete_a1c78', table='messaging_segment', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='templateversion',
            constraint=models.UniqueConstraint(fields=('template', 'number'), name='messaging_templateversion_number'),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(condition=models.Q(('broadcast', None)), fields=['-updated_at'], name='messaging_draft_open'),
        ),
    ]
