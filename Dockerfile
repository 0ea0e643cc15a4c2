# The whole of moksori in one image, for machines with and without a GPU. `docker compose up -d` builds and starts it.
# tests/test_containers.py runs these steps in a clean folder.
FROM python:3.11-slim-bookworm

# An extra package index for PyTorch builds (CPU-only or a certain CUDA), as PyTorch's install page names it.
# Without it pip takes the build with CUDA, which also runs without a GPU but is larger.
ARG TORCH_INDEX=""

WORKDIR /app
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY moksori ./moksori
RUN python -m venv /app/venv \
    && /app/venv/bin/pip install --no-cache-dir --disable-pip-version-check --constraint requirements.lock \
        ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} '.[workbench,espeak,formats]' \
    && rm -rf build moksori moksori.egg-info \
    && install -d -o 10001 -g 10001 /data /weights

# Everything that is written goes to these two volumes and to /tmp; the rest of the image is read-only.
ENV PATH=/app/venv/bin:$PATH \
    HOME=/data \
    XDG_CACHE_HOME=/data/cache \
    HF_HOME=/weights \
    MOKSORI_DATA=/data \
    MOKSORI_HOST=0.0.0.0 \
    MOKSORI_LOG_FORMAT=json
USER 10001:10001
EXPOSE 8600
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8600/health', timeout=4)"]
ENTRYPOINT ["moksori"]
CMD ["serve"]
