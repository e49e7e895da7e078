# One image for web, workers, beat and migrations; docker-compose.yml says which is which.
# Two stages: pip and the wheels it fetches stay in the first, so that the second holds Python and the project alone.

FROM python:3.13-slim-trixie AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /app/venv
WORKDIR /app/src
# First what changes seldom: the layer of the dependencies is built again only with pyproject.toml.
COPY pyproject.toml ./
RUN /app/venv/bin/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['dependencies'], *p['optional-dependencies']['sentry'], sep='\n')" \
        > /tmp/requirements.txt \
    && /app/venv/bin/pip install --requirement /tmp/requirements.txt
COPY . .
# Collecting and compiling need settings but no servers: these values reach no running container.
RUN /app/venv/bin/python -m hsl_dashboard.catalogues \
    && SECRET_KEY=only-for-collectstatic DATABASE_URL=postgres://localhost/none REDIS_URL=redis://localhost \
        BOT_TOKEN=none ALLOWED_HOSTS=localhost /app/venv/bin/python manage.py collectstatic --no-input \
    && /app/venv/bin/python -m compileall -q . \
    # The final stage installs nothing.
    && /app/venv/bin/pip uninstall --yes pip


FROM python:3.13-slim-trixie AS final

# pg_dump and pg_restore for backups. pip comes with the base image; what runs in production cannot install anything.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && pip uninstall --yes pip \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin hsl \
    && install --directory --owner=hsl --group=hsl /app/src/media /backups
COPY --from=build /app/venv /app/venv
COPY --from=build /app/src /app/src
ENV PATH=/app/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app/src
# By number: an orchestrator can see that it is not root.
USER 10001
# Pages; and the probes, which are answered whatever the pages do.
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + (os.environ.get('PROBES_PORT') or '8001') + '/health/live', timeout=2)"]
# Its log is set up in gunicorn.conf.py. One request a thread; the pool of each process opens at most eight connections.
CMD ["gunicorn", "hsl_dashboard.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--threads=4", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
