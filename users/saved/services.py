"""What staff can do with saved views: keep, change, remove, share, and give one an address for spreadsheets."""

import pghistory
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from users.models import SavedView, User
from users.models.saved_views import SHOWN, new_feed_secret
from users.models.tokens import digest_of

SHARE = "users.share_view"
MOST = 50  # views of one owner


class ViewRefused(Exception):
    """Nothing was written; the sentence says why."""


def save_view(
    *, owner: User, name: str, address: str, is_shared: bool, is_default: bool, view: SavedView | None = None
) -> SavedView:
    """Keep a list under a name, or change the one that is kept.

    Raises:
        ViewRefused: the name is taken, there are too many, or ``owner`` may not share.
    """
    if is_shared and not (view and view.is_shared) and not owner.has_perm(SHARE):
        raise ViewRefused(_("You may not share views."))
    mine = SavedView.objects.filter(owner=owner)
    if view is None:
        if mine.count() >= MOST:
            raise ViewRefused(_("You have %(most)d views already. Remove one first.") % {"most": MOST})
        path, _mark, query = address.partition("?")
        view = SavedView(owner=owner, path=path, query=query)
    view.name, view.is_shared, view.is_default = name, is_shared, is_default
    try:
        with transaction.atomic(), pghistory.context(user=owner.pk):
            if is_default:
                mine.filter(path=view.path, is_default=True).exclude(pk=view.pk).update(is_default=False)
            view.save()
    except IntegrityError:
        raise ViewRefused(_("You have a view with this name.")) from None
    return view


def remove_view(*, view: SavedView, by: User) -> None:
    with transaction.atomic(), pghistory.context(user=by.pk):
        view.delete()


def rotate_feed(*, view: SavedView, with_emails: bool, by: User) -> str:
    """Give a view a new address for spreadsheets, and return its secret; an earlier address is refused from now on."""
    secret = new_feed_secret()
    with transaction.atomic(), pghistory.context(user=by.pk):
        view.feed_digest, view.feed_beginning, view.feed_emails = digest_of(secret), secret[:SHOWN], with_emails
        view.save(update_fields=["feed_digest", "feed_beginning", "feed_emails"])
    return secret


def stop_feed(*, view: SavedView, by: User) -> None:
    with transaction.atomic(), pghistory.context(user=by.pk):
        view.feed_digest, view.feed_beginning = None, ""
        view.save(update_fields=["feed_digest", "feed_beginning"])
