# The image of `screener`: `docker build --tag screener:0.1.0 .`
#
# The tests read this file, lint it and run its RUN lines in a folder of their own (tests/ops/test_image.py); no engine
# was at hand to build an image of it.
#
# PYTHON names the base of all stages. A tag can be moved to another image, a digest can't: what is deployed is built
# with both, as in --build-arg PYTHON=python:3.11.14-slim-trixie@sha256:<the digest that was looked at>.
#
# What is in it (SBOM): `docker build --target sbom --output sbom .` writes the packages of Python, as CycloneDX and from
# the environment itself, to sbom/sbom.json. Those of Debian come with the base; a scanner of images lists them.
ARG PYTHON=python:3.11.14-slim-trixie

# --- build: the environment of the program, and what it takes to make its wheel ---------------------------------------

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build

# The locks alone first: their layers stay until a lock changes. Nothing is compiled here (--only-binary).
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv --without-pip /opt/screener && \
    python -m pip --python /opt/screener/bin/python install --require-hashes --only-binary :all: \
      --requirement requirements/runtime.txt
RUN python -m venv --without-pip /opt/builder && \
    python -m pip --python /opt/builder/bin/python install --require-hashes --only-binary :all: \
      --requirement requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY screener screener
COPY topics topics
RUN python -m pip --python /opt/builder/bin/python wheel --no-deps --no-build-isolation --no-index \
      --wheel-dir wheel . && \
    python -m pip --python /opt/screener/bin/python install --no-deps --no-index wheel/*.whl

# --- sbom: what is in that environment; no part of the image ----------------------------------------------------------

FROM build AS inspect
COPY requirements/ops.txt requirements/
RUN python -m venv --without-pip /opt/inspect && \
    python -m pip --python /opt/inspect/bin/python install --require-hashes --only-binary :all: \
      --requirement requirements/ops.txt
RUN /opt/inspect/bin/cyclonedx-py environment --output-reproducible --output-file sbom.json /opt/screener/bin/python

FROM scratch AS sbom
COPY --from=inspect /build/sbom.json /

# --- the image: Python, the environment, nothing else -----------------------------------------------------------------

FROM ${PYTHON}
LABEL org.opencontainers.image.title="screener" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/screener /opt/screener

# pip compiled the packages already; with a root file system that is read-only there is no place for bytecode.
ENV PATH=/opt/screener/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    PYTHONUNBUFFERED=1

# Works with `docker run --read-only --tmpfs /tmp`: nothing but /tmp is written to.
USER 10001:10001
WORKDIR /tmp
EXPOSE 9464

# For engines that look at it; Kubernetes has probes of its own (k8s/base).
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; \
    port = os.environ.get('SCREENER_METRICS_PORT', '9464'); \
    urllib.request.urlopen(f'http://127.0.0.1:{port}/health', timeout=4)"]

ENTRYPOINT ["screener"]
CMD ["--help"]
