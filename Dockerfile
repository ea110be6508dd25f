# The server alone: no compiler, no package installer of ours, no test. Run it with an init process
# that reaps and forwards signals: `docker run --init`, or `init: true` in docker-compose.yml.

FROM python:3.12-slim AS build
WORKDIR /build
COPY tools/uv.txt tools/uv.txt
RUN pip install --quiet --no-cache-dir --root-user-action=ignore --require-hashes -r tools/uv.txt
COPY pyproject.toml requirements.lock ./
# The runtime's part of the lock: the project's own dependencies, at the locked versions and hashes.
RUN python -m venv --without-pip /opt/saleroom \
    && uv pip install --quiet --no-cache --compile-bytecode --python /opt/saleroom/bin/python \
        --require-hashes --requirements pyproject.toml --constraints requirements.lock

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/saleroom --create-home saleroom
WORKDIR /srv/saleroom
COPY --from=build /opt/saleroom /opt/saleroom
COPY saleroom saleroom
RUN /opt/saleroom/bin/python -m compileall -q saleroom
ENV PATH=/opt/saleroom/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SALEROOM_HOST=0.0.0.0 \
    SALEROOM_PORT=8080 \
    SALEROOM_DATA_DIR=/var/lib/saleroom
USER 10001
VOLUME /var/lib/saleroom
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"SALEROOM_PORT\"]}/ready', timeout=4)"]
ENTRYPOINT ["python", "-m", "saleroom"]
CMD ["serve"]
