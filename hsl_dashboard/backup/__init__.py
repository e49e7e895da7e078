"""Backups: the database and the files of staff in one archive, checked, encrypted, rotated; and the way back."""
