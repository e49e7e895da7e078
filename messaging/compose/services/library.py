"""Templates with their versions, and saved segments."""

from dataclasses import replace

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from messaging.content.content import Content
from messaging.delivery.services import recorded
from messaging.models import Draft, MessageTemplate, Segment, TemplateVersion
from users.models import User


def save_template(*, name: str, content: Content, by: User) -> TemplateVersion:
    """Save a message as a template; an existing name gets a new version, unless nothing changed."""
    name = _on_one_line(name)
    with recorded(by):
        template, new = MessageTemplate.objects.get_or_create(name=name, defaults={"created_by": by})
        # Of two who save at once, the second waits here and gets the next number.
        template = MessageTemplate.objects.select_for_update().get(pk=template.pk)
        if not new and template.is_archived:
            template.is_archived = False
            template.save(update_fields=["is_archived"])
        last = template.versions.order_by("-number").first()
        if last and last.content == content.message_only():
            return last
        return TemplateVersion.objects.create(
            template=template, number=(last.number if last else 0) + 1, content=content.message_only(), created_by=by
        )


def use_template(*, draft: Draft, version: TemplateVersion) -> Content:
    """Put a template's message into a draft's content; the draft remembers which it was."""
    Draft.objects.filter(pk=draft.pk).update(template=version)
    return Content.from_json(draft.content).with_message(version.content)


class NameTaken(Exception):
    """Another one has this name already."""


def rename_template(*, template: MessageTemplate, name: str, by: User) -> None:
    """Give a template another name; its versions stay.

    Raises:
        NameTaken: another template has it.
    """
    with recorded(by):
        template.name = _on_one_line(name)
        try:
            with transaction.atomic():
                template.save(update_fields=["name"])
        except IntegrityError as error:
            raise NameTaken(template.name) from error


def archive_template(*, template: MessageTemplate, by: User) -> None:
    """Archive a template; its versions stay with the messages that used them."""
    with recorded(by):
        template.is_archived = True
        template.save(update_fields=["is_archived"])


def save_segment(*, name: str, content: Content, by: User, shared: bool, replace_old: bool = False) -> Segment:
    """Save an audience under a name.

    Raises:
        NameTaken: another audience has this name, and ``replace_old`` was not said.
    """
    name, owner = _on_one_line(name), None if shared else by
    fields = {"audience": content.question.as_json(), "created_by": by}
    old = Segment.objects.filter(name=name, owner=owner).first()
    if old and not replace_old and old.audience != fields["audience"]:
        raise NameTaken(name)
    with recorded(by):
        try:
            with transaction.atomic():
                segment, _new = Segment.objects.update_or_create(name=name, owner=owner, defaults=fields)
        except IntegrityError:  # somebody made it at the same moment
            segment = Segment.objects.get(name=name, owner=owner)
    return segment


def use_segment(*, draft: Draft, segment: Segment) -> Content:
    """Put a segment's audience into a draft's content."""
    return replace(Content.from_json(draft.content), audience=segment.audience)


def delete_segment(*, segment: Segment, by: User) -> None:
    """Delete a segment; messages keep their audience."""
    with recorded(by):
        segment.delete()


def segments_for(user: User) -> QuerySet[Segment]:
    """The shared segments and the user's own."""
    return Segment.objects.filter(Q(owner=None) | Q(owner=user)).order_by("owner", "name")


def newest_versions() -> QuerySet[TemplateVersion]:
    """The newest version of each template that is not archived."""
    newest = MessageTemplate.objects.filter(is_archived=False).annotate(newest=Max("versions__pk")).values("newest")
    return TemplateVersion.objects.filter(pk__in=newest).select_related("template").order_by("template__name")


def _on_one_line(name: str) -> str:
    return " ".join(name.split())
