"""What is hidden from staff who need not know it."""

import re
from typing import Any

VIEW_EMAIL = "users.view_email"
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
DEEPEST = 20  # levels of JSON that are looked through; what lies deeper is left out


def masked_email(email: str) -> str:
    """Leave of an address what tells two of them apart: ``a•••@example.com``."""
    name, at, domain = email.strip().partition("@")
    return f"{name[:1]}•••{at}{domain}" if at else "•••"


def masked_emails(details: Any, *, depth: int = 0) -> Any:
    """Mask every e-mail in the details of an event, wherever it stands in them."""
    if depth > DEEPEST:
        return None
    match details:
        case str():
            return EMAIL.sub(lambda found: masked_email(found[0]), details)
        case list():
            return [masked_emails(item, depth=depth + 1) for item in details]
        case dict():
            return {
                masked_emails(name, depth=depth + 1): masked_emails(item, depth=depth + 1)
                for name, item in details.items()
            }
    return details
