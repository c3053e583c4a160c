# syntax=docker/dockerfile:1

# 1. The pages: their build lands in server/static, as in development.
FROM node:22-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

# 2. The wheel, with the pages inside.
FROM python:3.11-slim AS wheel
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements-build.lock ./
RUN pip install --no-cache-dir "hatchling>=1.27,<2" && pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY .ci .ci
COPY LICENSE README.md pyproject.toml ./
COPY booking booking
COPY media media
COPY metering metering
COPY server server
COPY signaling signaling
COPY storage storage
COPY --from=web /src/server/static server/static
RUN .ci/pump python
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

# 3. What runs: an environment of its own with exactly the locked packages, then ours without asking again.
FROM python:3.11-slim AS runtime
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/talktime/bin:$PATH
RUN python -m venv /opt/talktime
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock && rm /tmp/requirements.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/talktime-*.whl \
    && rm -r /wheels \
    && useradd --system --user-group --uid 10001 --home-dir /data --shell /usr/sbin/nologin talktime \
    && install -d -o talktime -g talktime -m 0700 /data

USER talktime
WORKDIR /data
VOLUME /data
ENV TALKTIME_HOST=0.0.0.0 \
    TALKTIME_DATA_FOLDER=/data \
    TALKTIME_LOG_FORMAT=json
EXPOSE 8080/tcp 8080/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('TALKTIME_PORT', '8080') + '/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["talktime"]
CMD ["serve"]
