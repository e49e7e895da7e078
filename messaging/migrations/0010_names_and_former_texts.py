"""Names of messages and files, who approved, the test beside a draft, and what a message said before a change."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0009_audit'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FormerText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_text', models.TextField(blank=True, verbose_name='text')),
                ('buttons', models.JSONField(blank=True, default=list, verbose_name='buttons')),
                ('replaced_at', models.DateTimeField(verbose_name='replaced')),
            ],
            options={
                'verbose_name': 'former text',
                'verbose_name_plural': 'former texts',
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='broadcast',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='broadcast',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='broadcast',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='broadcast',
            name='approved_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by'),
        ),
        migrations.AddField(
            model_name='broadcast',
            name='media_name',
            field=models.TextField(blank=True, db_default='', verbose_name='name of the file'),
        ),
        migrations.AddField(
            model_name='broadcast',
            name='name',
            field=models.TextField(blank=True, db_default='', verbose_name='name'),
        ),
        migrations.AddField(
            model_name='broadcastevent',
            name='approved_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by'),
        ),
        migrations.AddField(
            model_name='broadcastevent',
            name='media_name',
            field=models.TextField(blank=True, db_default='', verbose_name='name of the file'),
        ),
        migrations.AddField(
            model_name='broadcastevent',
            name='name',
            field=models.TextField(blank=True, db_default='', verbose_name='name'),
        ),
        migrations.AddField(
            model_name='draft',
            name='last_test',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='messaging.broadcast', verbose_name='last test message'),
        ),
        migrations.AddField(
            model_name='draft',
            name='media_name',
            field=models.TextField(blank=True, db_default='', verbose_name='name of the file'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='broadcast',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "messaging_broadcastevent" ("approved_by_id", "audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_name", "media_upload", "message_text", "name", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (NEW."approved_by_id", NEW."audience", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."frozen_at", NEW."id", NEW."kind", NEW."link_preview", NEW."media_name", NEW."media_upload", NEW."message_text", NEW."name", NEW."original_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."recipient_group", NEW."recipient_type", NEW."scheduled_at", NEW."silent", NEW."started_at", NEW."starts_at", NEW."state", NEW."state_reason", NEW."submission_token"); RETURN NULL;', hash='c16fd26037835ca30e9d6645340293dc397fa3ed', operation='INSERT', pgid='pgtrigger_insert_insert_e24c3', table='message_history', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='broadcast',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."approved_by_id" IS DISTINCT FROM (NEW."approved_by_id") OR OLD."audience" IS DISTINCT FROM (NEW."audience") OR OLD."buttons" IS DISTINCT FROM (NEW."buttons") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."created_by_id" IS DISTINCT FROM (NEW."created_by_id") OR OLD."finished_at" IS DISTINCT FROM (NEW."finished_at") OR OLD."frozen_at" IS DISTINCT FROM (NEW."frozen_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."link_preview" IS DISTINCT FROM (NEW."link_preview") OR OLD."media_name" IS DISTINCT FROM (NEW."media_name") OR OLD."media_upload" IS DISTINCT FROM (NEW."media_upload") OR OLD."message_text" IS DISTINCT FROM (NEW."message_text") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."original_id" IS DISTINCT FROM (NEW."original_id") OR OLD."paused_at" IS DISTINCT FROM (NEW."paused_at") OR OLD."recipient_group" IS DISTINCT FROM (NEW."recipient_group") OR OLD."recipient_type" IS DISTINCT FROM (NEW."recipient_type") OR OLD."scheduled_at" IS DISTINCT FROM (NEW."scheduled_at") OR OLD."silent" IS DISTINCT FROM (NEW."silent") OR OLD."started_at" IS DISTINCT FROM (NEW."started_at") OR OLD."starts_at" IS DISTINCT FROM (NEW."starts_at") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."state_reason" IS DISTINCT FROM (NEW."state_reason") OR OLD."submission_token" IS DISTINCT FROM (NEW."submission_token"))', func='INSERT INTO "messaging_broadcastevent" ("approved_by_id", "audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_name", "media_upload", "message_text", "name", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (NEW."approved_by_id", NEW."audience", NEW."buttons", NEW."created_at", NEW."created_by_id", NEW."finished_at", NEW."frozen_at", NEW."id", NEW."kind", NEW."link_preview", NEW."media_name", NEW."media_upload", NEW."message_text", NEW."name", NEW."original_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recipient_group", NEW."recipient_type", NEW."scheduled_at", NEW."silent", NEW."started_at", NEW."starts_at", NEW."state", NEW."state_reason", NEW."submission_token"); RETURN NULL;', hash='226cd8335c1338425d37b72c457d4bb56dddd2f9', operation='UPDATE', pgid='pgtrigger_update_update_547fa', table='message_history', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='broadcast',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "messaging_broadcastevent" ("approved_by_id", "audience", "buttons", "created_at", "created_by_id", "finished_at", "frozen_at", "id", "kind", "link_preview", "media_name", "media_upload", "message_text", "name", "original_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_group", "recipient_type", "scheduled_at", "silent", "started_at", "starts_at", "state", "state_reason", "submission_token") VALUES (OLD."approved_by_id", OLD."audience", OLD."buttons", OLD."created_at", OLD."created_by_id", OLD."finished_at", OLD."frozen_at", OLD."id", OLD."kind", OLD."link_preview", OLD."media_name", OLD."media_upload", OLD."message_text", OLD."name", OLD."original_id", OLD."paused_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."recipient_group", OLD."recipient_type", OLD."scheduled_at", OLD."silent", OLD."started_at", OLD."starts_at", OLD."state", OLD."state_reason", OLD."submission_token"); RETURN NULL;', hash='24443d59399d5e716a8e5ecbae61357aeaef8577', operation='DELETE', pgid='pgtrigger_delete_delete_f2a88', table='message_history', when='AFTER')),
        ),
        migrations.AddField(
            model_name='formertext',
            name='broadcast',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='former_texts', to='messaging.broadcast', verbose_name='broadcast'),
        ),
        migrations.AddField(
            model_name='formertext',
            name='correction',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='former_text', to='messaging.correction', verbose_name='correction'),
        ),
        migrations.AddField(
            model_name='formertext',
            name='replaced_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='replaced by'),
        ),
    ]
