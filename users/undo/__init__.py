"""«Вернуть»: undo what staff did a moment ago. Each app registers the kinds of acts that it can undo."""
