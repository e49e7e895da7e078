"""Small drawings for the page, inline, so that they look the same where a machine has no emoji font."""

_FRAME = '<svg viewBox="0 0 24 24" width="1em" height="1em" fill="none" stroke="currentColor" stroke-width="2"'
_FRAME += ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>'

SILENT = _FRAME.format('<path d="M4 4l16 16M8.7 5.5A5 5 0 0 1 17 9c0 3 .8 5 2 6.5M7 8.5C7 13 6 15 4 17h13M10 20h4"/>')
BLOCKED = _FRAME.format('<circle cx="12" cy="12" r="9"/><path d="M6 6l12 12"/>')
DOCUMENT = _FRAME.format('<path d="M14 3H6v18h12V7zM14 3v4h4M9 12h6M9 16h6"/>')
PHOTO = _FRAME.format('<path d="M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 6"/><circle cx="15.5" cy="9" r="1"/>')
VIDEO = _FRAME.format('<path d="M8 5l11 7-11 7z" fill="currentColor"/>')
SEND = _FRAME.format('<path d="M5 12h14M13 6l6 6-6 6"/>')
OUTSIDE = _FRAME.format('<path d="M8 16l8-8M9 8h7v7"/>')
