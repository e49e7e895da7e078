"""One space of names: ASCII, once whatever the case, and nobody signs in with another's e-mail."""

import django.contrib.auth.validators
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0006_fill_person_totals'),
    ]

    operations = [
        migrations.AlterField(
            model_name='user',
            name='username',
            field=models.CharField(error_messages={'unique': 'This name is taken.'}, help_text="Latin letters, digits and @ . + - _; it may be the account's own e-mail, and nobody else's.", max_length=150, unique=True, validators=[django.contrib.auth.validators.ASCIIUsernameValidator()], verbose_name='username'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('username'), name='staff_user_username_once', violation_error_message='This name is taken.'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='staff_user_email_once', violation_error_message='Another account has this e-mail.'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('username__contains', '@'), _negated=True), ('username__iexact', models.F('email')), _connector='OR'), name='staff_user_name_is_no_others_email', violation_error_message="A name with @ must be the account's own e-mail."),
        ),
    ]
