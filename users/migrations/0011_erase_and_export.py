"""Let a permission of its own decide who may erase a person, or export everything held about one."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0010_notes_and_tags'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='telegramuser',
            options={'permissions': [('view_email', 'Can see e-mail addresses in full, and search by them'), ('export_people', 'Can download the list of people'), ('export_person', 'Can download everything held about one person'), ('erase_person', 'Can erase a person from every table')], 'verbose_name': 'person', 'verbose_name_plural': 'people'},
        ),
    ]
