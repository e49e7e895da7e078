"""Send a message to a stream or to people from the command line, through the same engine as the pages."""

import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.utils import timezone

from bookings.models import Booking, Stream
from messaging.audiences.criteria import Audience, Criterion, Individuals, InStream, count_audience
from messaging.content.content import Content, read_moment
from messaging.content.placeholders import find_missing
from messaging.delivery.services import MessageRefused, check, create_broadcast
from messaging.models import Broadcast, Recipient

BAR = 40  # characters
NAMED = 20  # people whose ids are printed
OVER = (Broadcast.State.FINISHED, Broadcast.State.CANCELLED)
STUCK = (Broadcast.State.PAUSED, Broadcast.State.HELD)


class Command(BaseCommand):
    help = "Send a message: send_broadcast --stream 5th_stream --text 'Привет, {first_name|друг}!' --wait"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--stream", action="append", default=[], help="its code; more than once for several")
        parser.add_argument("--course", type=int, help="only bookings of this course (id)")
        parser.add_argument(
            "--status",
            type=int,
            action="append",
            choices=[status.value for status in Booking.Status],
            help="of the stream's bookings; default: 2, the confirmed ones",
        )
        parser.add_argument("--person", type=int, action="append", default=[], help="a Telegram id")
        parser.add_argument("--text", required=True, help="HTML as Telegram takes it")
        parser.add_argument("--kind", choices=Broadcast.Kind.values, default=Broadcast.Kind.TEXT.value)
        parser.add_argument("--file-id", default="", help="of the photo, video or document")
        parser.add_argument("--at", help="when, for example 2026-11-30T19:00 (Moscow time, unless it says another)")
        parser.add_argument("--silent", action="store_true", help="arrives without a sound")
        parser.add_argument("--no-preview", action="store_true", help="links show no preview")
        parser.add_argument("--dry-run", action="store_true", help="only say who would get it")
        parser.add_argument("--wait", action="store_true", help="show the progress until everybody has it")

    def handle(self, *args: Any, **options: Any) -> None:
        audience, at = self._audience(options), self._moment(options["at"])
        try:
            check(kind=options["kind"], text=options["text"], buttons=[], has_media=bool(options["file_id"]))
            self._describe(audience, options["text"])
            if options["dry_run"]:
                return
            broadcast = self._send(audience, at, options)
        except MessageRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(str(broadcast.pk))
        if options["wait"]:
            try:
                self._wait(broadcast)
            except KeyboardInterrupt:
                self.stderr.write("")
                raise CommandError(f"Not waiting any more. Message {broadcast.pk} goes on by itself.") from None

    def _send(self, audience: Audience, at: datetime | None, options: dict[str, Any]) -> Broadcast:
        content = Content(
            text=options["text"],
            kind=options["kind"],
            media_file_id=options["file_id"],
            link_preview=not options["no_preview"],
            silent=options["silent"],
            audience=audience.as_json(),
            when="at" if at else "now",
            at=at.isoformat() if at else "",
        )
        return create_broadcast(content=content, by=None, at=timezone.now())

    def _audience(self, options: dict[str, Any]) -> Audience:
        self._refuse_unknown(options["stream"])
        statuses = tuple(options["status"] or [Booking.Status.CONFIRMED.value])
        include: list[Criterion] = [
            InStream(code=code, course_id=options["course"], statuses=statuses) for code in options["stream"]
        ]
        if options["person"]:
            include.append(Individuals(ids=tuple(options["person"])))
        if not include:
            raise CommandError("Say to whom: --stream CODE or --person ID.")
        return Audience(include=tuple(include))

    def _refuse_unknown(self, codes: list[str]) -> None:
        """A typing error must not look like a stream without students."""
        known = set(Stream.objects.values_list("code", flat=True))
        for code in codes:
            if code not in known and not Booking.objects.filter(course_stream=code).exists():
                raise CommandError(f"No stream is called {code}. There are: {', '.join(sorted(known)) or 'none'}.")

    def _describe(self, audience: Audience, text: str) -> None:
        count = count_audience(audience, at=timezone.now())
        reasons = ", ".join(f"{reason} {people}" for reason, people in count.skipped.items())
        self.stderr.write(f"{count.sent_to} people will get it" + (f"; skipped: {reasons}" if reasons else ""))
        if count.unknown_ids:
            self.stderr.write(f"Unknown ids: {', '.join(map(str, count.unknown_ids))}")
        reached = audience.reached(at=timezone.now()).values_list("pk", flat=True)
        for missing in find_missing(text, reached, streams=audience.streams):
            ids = ", ".join(map(str, missing.people[:NAMED])) + (" …" if len(missing.people) > NAMED else "")
            self.stderr.write(f"No value for {{{missing.name}}}; skipping {len(missing.people)} people: {ids}")
        if not count.total:
            raise CommandError("Nobody is in this audience.")

    def _moment(self, words: str | None) -> datetime | None:
        if not words:
            return None
        moment = read_moment(words)
        if moment is None:
            raise CommandError(f"--at {words}: write it as 2026-11-30T19:00.")
        if moment <= timezone.now():
            raise CommandError(f"--at {words}: this moment has passed.")
        return moment

    def _wait(self, broadcast: Broadcast) -> None:
        while True:
            broadcast.refresh_from_db()
            counts = self._progress(broadcast)
            if broadcast.state in OVER:
                break
            if broadcast.state in STUCK:
                self.stderr.write("")
                raise CommandError(f"{broadcast.get_state_display()}: {broadcast.state_reason}")
            time.sleep(0.5)
        self.stderr.write("")
        self.stdout.write(", ".join(f"{state} {people}" for state, people in counts.items()))

    def _progress(self, broadcast: Broadcast) -> dict[str, int]:
        counts = dict(broadcast.recipients.order_by().values_list("state").annotate(Count("pk")))
        total = sum(counts.values())
        done = total - counts.get(Recipient.State.PENDING, 0) - counts.get(Recipient.State.SENDING, 0)
        filled = BAR * done // max(total, 1)
        self.stderr.write(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total}", ending="")
        return {state: counts[state] for state in Recipient.State.values if state in counts}
