"""How gunicorn logs, wherever it is started from this folder: the image, the demo."""

accesslog = "-"
# The path without its query, and no referrer: what staff search for are names of people.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)sms "%(a)s"'
