"""Messages that the school sent, and what became of each for each person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bookings.models import Booking
from demo.school.rhythm import MOSCOW, moment_on, or_epoch
from demo.school.school import School
from demo.school.streams import COHORTS, CURRENT
from messaging.content.content import Content
from messaging.models import Broadcast, Draft, Recipient
from messaging.models.recipient_types import RecipientType
from users.models import BlockedUser, TelegramUser

BLOCKED_SHARE = 0.035

# Days before the start of the stream, to whom, what, at what hour.
STREAM_MESSAGES = (
    (-1, "Привет! Старт завтра в <b>19:00</b> 🚀\nСсылка придёт сюда за час.", 18),
    (0, 'Мы начинаем! <a href="https://example.test/live">Подключиться</a>', 18),
    (4, 'Запись первого занятия: <a href="https://example.test/1">смотреть</a>', 12),
    (25, "Финал потока — <b>демо-день</b>. Расскажите, что у вас получилось 👇", 17),
)
CAMPAIGN_MESSAGE = "Открыли запись на новый поток. Первым двадцати — скидка <b>20%</b> &amp; место в чате."
PERSONAL_MESSAGES = (
    "Здравствуйте! Видим вашу оплату, подтвердим сегодня.",
    "Добрый день! Чек не открывается, пришлите, пожалуйста, картинкой.",
    "Место за вами. Ждём в понедельник 🙌",
    "<b>Незакрытый тег",
    "=1+1",
)
UPCOMING = (
    (timedelta(hours=20), CURRENT, "Завтра последний день ранней цены. Успейте <b>до 23:59</b>."),
    (timedelta(days=6), "non_course", "Бесплатный урок в четверг в 19:00. Приходите!"),
)

State, Reason = Recipient.State, Recipient.Reason


@dataclass(frozen=True)
class Refusal:
    """What Telegram says when it does not deliver."""

    reason: Recipient.Reason
    code: int
    text: str


REFUSALS = (
    (Refusal(Reason.BLOCKED, 403, "Forbidden: bot was blocked by the user"), 8),
    (Refusal(Reason.DEACTIVATED, 403, "Forbidden: user is deactivated"), 1),
    (Refusal(Reason.NO_CHAT, 400, "Bad Request: chat not found"), 1),
)


@dataclass
class Letter:
    """A broadcast before it is sent."""

    text: str
    at: datetime
    kind: str
    group: str | None = None
    scheduled: bool = False


def send_broadcasts(school: School) -> None:
    """Fill the message history: every stream's messages, campaigns, the hackathon, personal ones, two still ahead."""
    _lose_people(school)
    for code, *_ in COHORTS:
        _write_to_stream(school, code)
    _write_to_hackathon(school)
    for number in range(school.scaled(14)):
        _write_personally(school, PERSONAL_MESSAGES[number % len(PERSONAL_MESSAGES)], people=1 + number % 3)
    for ahead, group, text in UPCOMING:
        audience = _students(school, group, {0, 1}) if group == CURRENT else _outsiders(school, school.now)
        letter = Letter(text, _on_the_hour(school.now + ahead), RecipientType.GROUP, group, scheduled=True)
        send_letter(school, letter, audience)
    _spoil(school)
    _leave_unsent(school)
    _number(school)


def _lose_people(school: School) -> None:
    """Let some people block the bot, some of them long ago."""
    for person in school.dice.sample(school.people, round(len(school.people) * BLOCKED_SHARE)):
        seen = person.updated_at or person.first_seen_at or school.now
        at = min(seen + timedelta(days=school.dice.expovariate(1 / 30)), school.now)
        reason = "bot_blocked_by_user" if school.chance(0.9) else school.dice.choice(("user_is_deactivated", "Просил"))
        school.blocked.append(BlockedUser(telegram_user=person, blocked_at=at, reason=reason))


def _write_to_stream(school: School, code: str) -> None:
    stream = school.streams[code]
    assert stream.starts_on is not None and stream.campaign_starts_on is not None
    opened_at = _at(stream.campaign_starts_on, 12)
    send_letter(
        school, Letter(CAMPAIGN_MESSAGE, opened_at, RecipientType.GROUP, "non_course"), _outsiders(school, opened_at)
    )
    for after, text, hour in STREAM_MESSAGES:
        letter = Letter(
            text, _at(stream.starts_on + timedelta(days=after), hour), RecipientType.GROUP, code, scheduled=after < 4
        )
        if school.happened(letter.at):
            send_letter(school, letter, _students(school, code, {Booking.Status.CONFIRMED}))


def _write_to_hackathon(school: School) -> None:
    people = [registration.telegram_user for registration in school.hackathon if registration.telegram_user]
    at = max(or_epoch(registration.created_at) for registration in school.hackathon) + timedelta(days=1)
    send_letter(
        school,
        Letter("Спасибо за хакатон! Итоги 👉 https://example.test/h", at, RecipientType.GROUP, "hackathon"),
        people,
    )


def _write_personally(school: School, text: str, *, people: int) -> None:
    day = school.now.astimezone(MOSCOW).date() - timedelta(days=school.dice.randrange(1, 120))
    at = moment_on(school.dice, day)
    known = [person for person in school.people if person.first_seen_at and person.first_seen_at < at]
    if known:
        send_letter(
            school, Letter(text, at, RecipientType.INDIVIDUAL), school.dice.sample(known, min(people, len(known)))
        )


def _students(school: School, code: str, statuses: set[int]) -> list[TelegramUser]:
    """People with a booking of one of these statuses in a stream, once each."""
    chosen = {
        booking.telegram_user_id: booking.telegram_user
        for booking in school.bookings
        if booking.course_stream == code and booking.confirmed in statuses
    }
    return list(chosen.values())


def _outsiders(school: School, at: datetime) -> list[TelegramUser]:
    """Everyone known by then who had no confirmed place."""
    students = {
        booking.telegram_user_id
        for booking in school.bookings
        if booking.confirmed == Booking.Status.CONFIRMED and booking.created_at and booking.created_at < at
    }
    return [
        person
        for person in school.people
        if person.user_id not in students and person.first_seen_at and person.first_seen_at < at
    ]


def send_letter(school: School, letter: Letter, audience: Sequence[TelegramUser]) -> Broadcast:
    sent = school.happened(letter.at)
    made_at = letter.at if sent else school.now - timedelta(hours=3)
    broadcast = Broadcast(
        message_text=letter.text,
        total_recipients=len(audience),
        sent_at=made_at,
        created_at=made_at,
        recipient_type=letter.kind,
        recipient_group=letter.group,
        starts_at=letter.at if letter.scheduled else None,
        state=Broadcast.State.FINISHED if sent else Broadcast.State.SCHEDULED,
        frozen_at=made_at,
        started_at=made_at if sent else None,
        finished_at=made_at + timedelta(seconds=2 + len(audience) / 25) if sent else None,
        buttons=[[{"text": "Подключиться", "url": "https://example.test/live"}]]
        if "Подключиться" in letter.text
        else [],
    )
    school.broadcasts.append(broadcast)
    gone = {block.telegram_user.user_id: block.blocked_at for block in school.blocked}
    for place, person in enumerate(audience):
        recipient = Recipient(
            message=broadcast,
            telegram_user=person,
            username=person.username,
            created_at=made_at,
            state=Recipient.State.PENDING,
        )
        if sent:
            left_at = gone.get(person.user_id)
            _deliver(school, recipient, at=made_at + timedelta(seconds=1 + place / 25), blocked_at=left_at)
        school.recipients.append(recipient)
    return broadcast


def _deliver(school: School, recipient: Recipient, *, at: datetime, blocked_at: datetime | None) -> None:
    """Let a message arrive, unless its person has blocked the bot or Telegram refuses."""
    recipient.attempt = 1
    if blocked_at is not None and blocked_at < at - timedelta(days=20):
        # Known since an earlier broadcast: not even tried.
        recipient.state, recipient.reason, recipient.attempt = State.SKIPPED, Reason.BLOCKED, 0
    elif (blocked_at is not None and blocked_at < at) or school.chance(0.012):
        refusal = school.pick(REFUSALS)
        recipient.state, recipient.reason = State.FAILED, refusal.reason
        recipient.error_code, recipient.error_text = refusal.code, refusal.text
    else:
        recipient.state, recipient.sent_at = State.SENT, at
        recipient.telegram_message_id = school.dice.randrange(100_000, 9_000_000)


def _spoil(school: School) -> None:
    """One message was deleted for everybody, one run died in the middle, some answers never came, one run is paused."""
    deleted, died, unanswered = _to_streams(school)[1:4]
    paused = _to_streams(school)[-2]
    for place, recipient in enumerate(school.recipients):
        if recipient.message is deleted and recipient.state == State.SENT:
            recipient.state = State.DELETED
        elif recipient.message is died and place % 3 == 0:
            _become_unknown(recipient, Reason.PREVIOUS_DASHBOARD)
        elif recipient.message is unanswered and place % 17 == 0:
            _become_unknown(recipient, Reason.NO_ANSWER)
        elif recipient.message is paused and place % 4 == 0:
            recipient.state, recipient.attempt = State.PENDING, 0
            recipient.reason, recipient.error_code, recipient.error_text = "", None, ""
            recipient.sent_at = recipient.telegram_message_id = None
    paused.state, paused.paused_at, paused.finished_at = Broadcast.State.PAUSED, paused.finished_at, None


def _become_unknown(recipient: Recipient, reason: Recipient.Reason) -> None:
    recipient.state, recipient.reason = State.UNCERTAIN, reason
    recipient.sent_at = recipient.telegram_message_id = None


def _to_streams(school: School) -> list[Broadcast]:
    return [b for b in school.broadcasts if b.recipient_group in school.streams and b.finished_at]


def _leave_unsent(school: School) -> None:
    """A broadcast that was held because its time passed while nobody was sending; a cancelled one; a draft."""
    yesterday = school.now - timedelta(days=1)
    for state, text in (
        (Broadcast.State.HELD, "Напоминание об оплате: место держим до завтра"),
        (Broadcast.State.CANCELLED, "Опрос выпускников: <i>что улучшить?</i>"),
    ):
        audience = _students(school, "7th_stream", {0, 1})
        broadcast = send_letter(
            school, Letter(text, school.now + timedelta(days=3), RecipientType.GROUP, "7th_stream"), audience
        )
        broadcast.state = state
        broadcast.created_at = broadcast.sent_at = yesterday
        broadcast.starts_at = yesterday + timedelta(hours=2)
        for recipient in school.recipients:
            if recipient.message is broadcast and state == Broadcast.State.CANCELLED:
                recipient.state = State.CANCELLED
    content = Content(text="Черновик: итоги потока и планы на зиму")
    school.drafts.append(Draft(id=1, content=content.as_json(), created_at=yesterday, updated_at=yesterday))


def _number(school: School) -> None:
    """Number the messages as they were made, and count what arrived."""
    school.broadcasts.sort(key=lambda broadcast: or_epoch(broadcast.created_at))
    arrived: dict[int, int] = {}
    for recipient in school.recipients:
        if recipient.state in {State.SENT, State.DELETED}:
            arrived[id(recipient.message)] = arrived.get(id(recipient.message), 0) + 1
    for number, broadcast in enumerate(school.broadcasts, start=1):
        broadcast.id = number
        broadcast.successful_deliveries = arrived.get(id(broadcast), 0)
    for recipient in school.recipients:
        recipient.message_id = recipient.message.id
    school.recipients.sort(key=lambda recipient: recipient.message_id)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=MOSCOW)


def _on_the_hour(moment: datetime) -> datetime:
    return moment.astimezone(MOSCOW).replace(minute=0, second=0, microsecond=0)
