"""What students have written to the bot these days, and what the school answered."""

from datetime import datetime, timedelta

from demo.school.broadcasts import Letter, send_letter
from demo.school.school import School
from messaging.models.recipient_types import RecipientType
from users.models import TelegramUser

# How many minutes ago, what the student wrote, and the answer with the minutes it took; the last ones still wait.
TALKS: tuple[tuple[int, tuple[tuple[str, str, int], ...]], ...] = (
    (9, (("Здравствуйте! А можно оплатить частями?", "", 0),)),
    (26, (("Оплатила, чек отправила выше 🙏", "", 0), ("Скажите, когда подтвердите место?", "", 0))),
    (75, (("Ссылка на чат не открывается, пишет, что она устарела", "", 0),)),
    (
        190,
        (
            ("Подскажите, будет ли запись занятий?", "Здравствуйте! Да, запись приходит сюда на следующий день.", 14),
            ("Спасибо! А домашние задания проверяете?", "", 0),
        ),
    ),
    (
        700,
        (
            (
                "Не успеваю к старту, можно перенести на следующий поток?",
                "Добрый день! Конечно. Перенесли вас на следующий поток, место <b>за вами</b>.",
                31,
            ),
        ),
    ),
    (1500, (("Пришлите, пожалуйста, реквизиты для юрлица", "Отправили на почту, проверьте и папку «Спам».", 55),)),
    (2900, (("🔥🔥🔥", "", 0),)),
    (
        4300,
        (
            (
                "Здравствуйте! Я из Казахстана, карты не проходят. Есть ли другой способ оплаты?",
                "Здравствуйте! Попробуйте Kaspi: https://example.test/kaspi",
                8,
            ),
            ("Получилось, спасибо большое!", "", 0),
        ),
    ),
    (6100, (("<b>test</b> & {name}", "", 0),)),
)


def hold_conversations(school: School) -> None:
    """Let students with a booking write, and somebody answer some of them."""
    booked = {booking.telegram_user_id: booking.telegram_user for booking in reversed(school.bookings)}
    people = [person for person in booked.values() if (person.first_seen_at or school.now) < school.now]
    for person, (ago, said) in zip(people[:: max(1, len(people) // 40)], TALKS, strict=False):
        _talk(school, person, said, at=school.now - timedelta(minutes=ago))


def _talk(school: School, person: TelegramUser, said: tuple[tuple[str, str, int], ...], *, at: datetime) -> None:
    for text, answer, after in said:
        details = {"message_type": "text", "booking_status": 1, "message_text": text}
        school.record(person, "student_response", at, details)
        at += timedelta(minutes=after or 3)
        if answer and school.happened(at):
            send_letter(school, Letter(answer, at, RecipientType.ANSWER), [person])
            at += timedelta(minutes=2)
