"""What is hidden from staff who need not know it."""

VIEW_EMAIL = "users.view_email"


def masked_email(email: str) -> str:
    """Leave of an address what tells two of them apart: ``a•••@example.com``."""
    name, at, domain = email.strip().partition("@")
    return f"{name[:1]}•••{at}{domain}" if at else "•••"
