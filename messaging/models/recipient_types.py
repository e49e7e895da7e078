"""What kind of message a row of message_history is, in the bot's column."""

from enum import StrEnum


class RecipientType(StrEnum):
    """The words in ``message_history.recipient_type``; old rows may hold NULL, which means one person."""

    INDIVIDUAL = "individual"  # the previous dashboard's, as the next one
    GROUP = "group"
    AUTOMATION = "automation"  # what a rule sent
    REPORT = "report"  # to the author of a broadcast
    APPROVAL = "approval"  # asks a colleague to approve a message
    NOTICE = "notice"  # tells a member of staff what is new
    DIGEST = "digest"  # to a member of staff each morning; its words stand with Digest
    ANSWER = "answer"  # to what a student wrote; goes before all broadcasts
    TEST = "test"  # «Отправить себе»
    LINK_CODE = "link_code"  # brings a one-time code, which the row does not hold (delivery/codes.py)


# What the bot tells members of staff by itself.
TO_STAFF = (RecipientType.REPORT, RecipientType.APPROVAL, RecipientType.NOTICE, RecipientType.DIGEST)
# Nobody's message to an audience: lists of messages leave them out, unless they are asked for.
NO_MESSAGES = (*TO_STAFF, RecipientType.ANSWER)
