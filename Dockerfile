# One image for the web tier and for the relays: the command decides which one it is.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /opt/lectern && /opt/lectern/bin/pip install --only-binary :all: -r /tmp/requirements.txt

FROM python:${PYTHON}
# A fixed number, so that a volume keeps its owner from one image to the next.
RUN groupadd --gid 10001 lectern \
    && useradd --uid 10001 --gid lectern --no-create-home --home-dir /var/lib/lectern lectern \
    && install -d -o lectern -g lectern -m 0700 /var/lib/lectern
COPY --from=build /opt/lectern /opt/lectern
WORKDIR /srv/lectern
COPY manage.py ./
COPY config config
COPY accounts accounts
COPY classroom classroom
COPY media_relay media_relay
COPY templates templates
COPY static static
COPY locale locale
ENV PATH=/opt/lectern/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LECTERN_VAR=/var/lib/lectern
RUN python -m compileall -q . && LECTERN_VAR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build

USER lectern
VOLUME /var/lib/lectern
# Further relays take the UDP ports after the first.
EXPOSE 8000/tcp 7400/udp
STOPSIGNAL SIGTERM
# For the web tier; the relay has a check of its own in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["python", "-m", "config.server"]
