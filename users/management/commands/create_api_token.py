"""Makes a token of the API for a member of staff, and prints its secret once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from users.models import ApiToken, User
from users.tokens.services import create_api_token

DAYS = 90


class Command(BaseCommand):
    help = "Make a token of the API; its secret is printed once and stored nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="in whose name it acts")
        parser.add_argument("--name", required=True, help="what uses it")
        parser.add_argument(
            "--scope", action="append", choices=ApiToken.Scope.values, help="what it may; can be repeated (read)"
        )
        parser.add_argument("--days", type=int, default=DAYS, help=f"until it expires; 0: never ({DAYS})")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = User.objects.filter(username__iexact=options["username"], is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active member of staff called {options['username']}.")
        if not 0 <= options["days"] <= 3_650:
            raise CommandError("--days must be between 0 and 3650.")
        new = create_api_token(
            owner=owner,
            name=options["name"][:60],
            scopes=options["scope"] or [ApiToken.Scope.READ],
            expires_at=timezone.now() + timedelta(days=options["days"]) if options["days"] else None,
            by=owner,
        )
        self.stderr.write(f"{new.token.name}, scopes {', '.join(new.token.scopes)}. It is shown only now:")
        self.stdout.write(new.secret)
