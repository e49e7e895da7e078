"""What a search takes for the same: capitals, ё and е, blanks of every kind, composed letters, signs nobody sees."""

from unicodedata import normalize

from django.db.models import Func, TextField

_BLANKS = "\t\n\x0b\x0c\r\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_HIDDEN = "\xad\u061c\u180e\ufeff" + "".join(
    map(chr, [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A)])
)
_BEFORE = str.maketrans({"İ": "i", **dict.fromkeys(_BLANKS, " "), **dict.fromkeys(_HIDDEN, "")})
_AFTER = str.maketrans("ёς", "еσ")


class Folded(Func):
    """A text as ``fold`` writes it, by the database (users/sql/folded.sql)."""

    function = "folded"
    output_field = TextField()


def fold(text: str) -> str:
    """Fold what somebody typed, as the database folds what it is compared with; one space between words."""
    lowered = normalize("NFC", text.replace("\0", " ").translate(_BEFORE)).lower()
    return " ".join(lowered.translate(_AFTER).split())
