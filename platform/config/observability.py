"""Logs: one line of key=value (or JSON) per event, without secrets or bodies."""

from __future__ import annotations

from typing import Any

import structlog

from config.environment import read_bool

_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_renderer: Any = (
    structlog.processors.JSONRenderer()
    if read_bool("LOG_JSON", False)
    else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
)

structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": _renderer,
            "foreign_pre_chain": _shared,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # One line per request is the web server's; ours are about calls and runs.
        "django.server": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        # It tells the beginning and end of every request.
        "mcp": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
