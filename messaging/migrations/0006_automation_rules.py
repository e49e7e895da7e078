"""Store the five rules, all switched off, with words to begin with."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Kind, offset (minutes for the first two, then days), text. Students read Russian.
RULES = (
    (
        "booking_confirmed",
        5,
        "Здравствуйте, {first_name|друг}! Ваше место на курсе «{course|HSL}» подтверждено. "
        "Поток: {stream|сообщим позже}. Начало: {starts_on|сообщим позже}.",
    ),
    (
        "booking_cancelled",
        5,
        "Здравствуйте, {first_name|друг}! Ваша запись на курс «{course|HSL}» отменена. "
        "Если это ошибка, ответьте на это сообщение.",
    ),
    (
        "payment_reminder",
        3,
        "Здравствуйте, {first_name|друг}! Ваша запись на курс «{course|HSL}» ждёт оплаты. "
        "Если вопрос об оплате остался, ответьте на это сообщение.",
    ),
    (
        "course_start",
        1,
        "Здравствуйте, {first_name|друг}! Курс «{course|HSL}» начинается {starts_on|скоро}. "
        "Поток: {stream|ваш}. До встречи!",
    ),
    (
        "free_lesson",
        1,
        "Здравствуйте, {first_name|друг}! Напоминаем: бесплатный урок пройдёт {starts_on|скоро}. До встречи!",
    ),
)


def store(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    automation = apps.get_model("messaging", "Automation")
    for kind, offset, template in RULES:
        automation.objects.get_or_create(kind=kind, defaults={"offset": offset, "template": template})


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("messaging", "Automation").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0005_own_tables"),
    ]

    operations = [
        migrations.RunPython(store, remove),
    ]
