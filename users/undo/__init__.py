"""«Вернуть»: what staff did a moment ago is taken back; each app registers the kinds that it can undo."""
