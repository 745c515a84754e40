# One image with all commands and Meltano. Build it in a clone: docker build --tag amazon-singer .
FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/opt/amazon-singer
RUN python -m pip install --no-compile "uv==0.13.8"
WORKDIR /src
COPY . .
RUN uv sync --no-dev --no-editable --no-cache

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="amazon-singer" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --create-home --uid 10001 singer
COPY --from=build /opt/amazon-singer /opt/amazon-singer
ENV PATH="/opt/amazon-singer/bin:$PATH" PYTHONUNBUFFERED=1
WORKDIR /project
RUN chown singer:singer /project
USER 10001
COPY --chown=singer:singer meltano.yml ./
COPY --chown=singer:singer plugins ./plugins
CMD ["meltano", "--help"]
