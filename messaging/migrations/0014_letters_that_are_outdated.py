"""Say of a letter that waited too long that it was withdrawn because it was not true any more."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0013_reports'),
    ]

    operations = [
        migrations.AlterField(
            model_name='recipient',
            name='reason',
            field=models.CharField(blank=True, choices=[('blocked', 'Blocked the bot'), ('deactivated', 'Account deleted'), ('not_started', 'Never started the bot'), ('forbidden', 'Telegram forbids it'), ('no_chat', 'Chat not found'), ('migrated', 'The chat moved'), ('bad_request', 'Telegram refused the message'), ('excluded', 'Excluded by the audience'), ('recently_written', 'Got a message recently'), ('no_value', 'Nothing to put in place of a placeholder'), ('duplicate', 'The same person twice'), ('no_answer', 'Telegram did not answer'), ('worker_lost', 'The sending process ended before the answer'), ('outdated', 'It was not so any more when it would have been sent'), ('unreachable', 'Telegram could not be reached'), ('previous_dashboard', 'The previous dashboard left it unfinished')], db_default='', max_length=30, verbose_name='reason'),
        ),
    ]
