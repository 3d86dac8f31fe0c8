# The operator and the command line as an image. docs/image.md: for two platforms, offline, on another base.

# Both stages need the same Python, 3.11 or newer; the build looks.
ARG BUILD_BASE=docker.io/library/python:3.13-slim-trixie
ARG RUN_BASE=gcr.io/distroless/python3-debian13:nonroot

# Wheels for a build that reaches no package index: --build-context wheels=FOLDER.
FROM scratch AS wheels

FROM ${RUN_BASE} AS base

# What is built runs on the builder's own platform, so none needs an emulator.
FROM --platform=${BUILDPLATFORM} ${BUILD_BASE} AS libraries
ARG SOURCE_DATE_EPOCH=0

# Nothing is written where it runs, so all that it imports comes compiled, and modules of the base have nothing of that kind.
# The starter knows its own modules alone: no variable, folder or package of whoever runs it.
RUN --mount=type=bind,from=base,target=/base \
    set -eu; umask 022; \
    python="$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')"; \
    for home in /usr/local/lib /usr/lib /usr/lib64 ''; do [ ! -e "/base$home/$python/os.py" ] || break; done; \
    [ -n "$home" ] || { echo "RUN_BASE has no $python, but BUILD_BASE does: give two of one Python" >&2; exit 1; }; \
    modules="/libraries$home/$python"; \
    mkdir -p "$modules" /libraries/usr/local/bin; \
    cp -R "/base$home/$python/." "$modules"; \
    find "$modules" -name __pycache__ -prune -exec rm -r {} +; \
    PYTHONHASHSEED=0 python3 -m compileall -q --invalidation-mode=unchecked-hash -s /libraries \
      -x '/(test|tests|idlelib|tkinter|lib2to3|ensurepip|turtledemo|pydoc_data|site-packages|dist-packages)/' "$modules"; \
    find "$modules" ! -type d ! -name '*.pyc' -delete; \
    find "$modules" -type d -empty -delete; \
    printf '%s\n' "#!${home%/lib*}/bin/$python -IS" 'import sys' 'sys.path.append("/app")' \
      'from perfana_support.cli.main import main' 'sys.exit(main())' > /libraries/usr/local/bin/perfana-support; \
    chmod 755 /libraries/usr/local/bin/perfana-support

# Of the Kubernetes client's hundreds of models three are imported.
ARG TARGETARCH
COPY requirements/image.txt /build/
RUN --mount=type=bind,from=wheels,target=/wheels \
    set -eu; umask 022; \
    case "${TARGETARCH:-$(uname -m)}" in \
      amd64 | x86_64) machine=x86_64 ;; \
      arm64 | aarch64) machine=aarch64 ;; \
      *) echo "no image is made for $TARGETARCH" >&2; exit 1 ;; \
    esac; \
    offline=; for wheel in /wheels/*.whl; do [ ! -e "$wheel" ] || offline='--no-index --find-links=/wheels'; done; \
    python3 -m pip install --quiet --disable-pip-version-check --no-cache-dir --root-user-action=ignore $offline \
      --require-hashes --no-deps --only-binary=:all: --no-compile --implementation=cp \
      --python-version="$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')" \
      --platform="manylinux_2_28_$machine" --platform="manylinux_2_17_$machine" --platform="manylinux2014_$machine" \
      --target=/libraries/app --requirement=/build/image.txt; \
    rm -r /libraries/app/bin; \
    PYTHONHASHSEED=0 python3 -m compileall -q --invalidation-mode=unchecked-hash -s /libraries \
      -x '/kubernetes/(aio/)?client/(api/|models/(?!__init__|v1_(managed_fields_entry|object_meta|owner_reference)\.py))' /libraries/app; \
    find /libraries -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM --platform=${BUILDPLATFORM} ${BUILD_BASE} AS program
ARG SOURCE_DATE_EPOCH=0
COPY operator/perfana_support /program/app/perfana_support
COPY LICENSE /program/licenses/perfana-support/
# The modes of a checkout differ from one to the next.
RUN set -eu; \
    PYTHONHASHSEED=0 python3 -m compileall -q --invalidation-mode=unchecked-hash -s /program /program/app; \
    find /program -type d -exec chmod 755 {} +; \
    find /program -type f -exec chmod 644 {} +; \
    find /program -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM base
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="perfana-support" \
      org.opencontainers.image.description="Is this Perfana installation supportable? Judged by the vendor's support policy." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=libraries /libraries/ /
COPY --from=program /program/ /
ENV PATH=/usr/local/bin:/usr/bin:/bin
WORKDIR /
USER 65532:65532
ENTRYPOINT ["perfana-support"]
CMD ["--help"]
