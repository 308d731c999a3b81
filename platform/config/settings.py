"""Settings, all from environment variables. docs/settings.md lists them."""

from __future__ import annotations

import zoneinfo
from pathlib import Path
from typing import Any

from celery.schedules import schedule as every
from django.utils.translation import gettext_lazy as _
from environ import Env
from kombu import Exchange, Queue

from config.environment import (
    BROKER_SCHEMES,
    env,
    read_anymail,
    read_bool,
    read_choice,
    read_config,
    read_database,
    read_email,
    read_int,
    read_secret_key,
    read_secrets_keys,
    read_url,
)
from config.navigation import UNFOLD  # noqa: F401
from config.observability import LOGGING  # noqa: F401

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = read_bool("DEBUG", False)
SECRET_KEY = read_secret_key(DATA_DIR)
# For credentials at rest; not SECRET_KEY, which may be changed at any time.
SECRETS_KEYS = read_secrets_keys(DATA_DIR)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Behind a TLS-terminating proxy that sets X-Forwarded-Proto itself.
if read_bool("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = read_int("HSTS_SECONDS", 3600, low=0, high=63_072_000)

INSTALLED_APPS = [
    # The plain configuration: its default one puts its own site in the place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "config.apps.TriptyqueAdminConfig",
    "django.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "phonenumber_field",
    "config",
    "accounts",
    "outbound",
    "schedules",
    "actions",
    "knowledge",
    "contacts",
    "workflows",
    "transfers",
    "notifications",
    "calls",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.security.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.security.NoNulMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.AdminAccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
# One API, with or without a trailing slash: both are routed, nothing is redirected.
APPEND_SLASH = True
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.account",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": read_database(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Also where the before-call cache is kept: Redis, or this process and the database.
CACHE_URL = env("CACHE_URL", default="")
CACHES = {"default": read_config("CACHE_URL", "locmemcache://", Env.cache_url_config, "redis://127.0.0.1:6379/1")}

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = read_choice("LANGUAGE_CODE", "fr", {"fr", "en"}, "fr")
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = read_choice("TIME_ZONE", "Europe/Paris", zoneinfo.available_timezones(), "Europe/Paris")
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True

# Uploaded files. They have no address: whoever may see one gets it through a view.
MEDIA_ROOT = Path(env("FILES_DIR", default=str(DATA_DIR / "files"))).resolve()

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
# In a checkout, static files are served from where they are; `collectstatic` serves production.
WHITENOISE_USE_FINDERS = True

# The API refuses bodies above 1 MiB itself, with a problem document; uploads have their own limits.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
API_BODY_MAX_BYTES = 1024 * 1024
# A file of numbers (5 MB), and what a form needs besides.
IMPORT_BODY_MAX_BYTES = (5 * 1024 + 64) * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.ApiKeyAuthentication",
        "accounts.api.authentication.MemberSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.ConfigurationAccess"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.negotiation.LenientNegotiation",
    "DEFAULT_PARSER_CLASSES": ["config.api.parsers.BoundedJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "config.api.pagination.PageNumbers",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
    # The API describes itself in OpenAPI, not by OPTIONS.
    "DEFAULT_METADATA_CLASS": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Triptyque",
    "DESCRIPTION": "What a voice agent does before, during and after a phone call.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    # Its badge would ask an outside host about the schema.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "DEFAULT_GENERATOR_CLASS": "config.api.schema.Generator",
    "POSTPROCESSING_HOOKS": ["config.api.schema.add_problems", "config.api.schema.drop_marks"],
}

# --- the queue: an embedded file by default, RabbitMQ or Redis by BROKER_URL ---------------------
CELERY_BROKER_URL = read_url("BROKER_URL", f"embedded:///{DATA_DIR / 'queue.sqlite3'}", BROKER_SCHEMES)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# Its own name, for a broker that is shared with other programs.
CELERY_TASK_DEFAULT_QUEUE = env("QUEUE_NAME", default="triptyque")
# Wake-ups for calls have a queue of their own: a flood of calls must not delay documents, imports and the sweep.
CALLS_QUEUE = f"{CELERY_TASK_DEFAULT_QUEUE}.calls"
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name, type="direct"), routing_key=name) for name in (CELERY_TASK_DEFAULT_QUEUE, CALLS_QUEUE)
]
CELERY_TASK_ROUTES = {"calls.work_runs": {"queue": CALLS_QUEUE}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Billiard waits 10 s before it believes that a killed child is dead.
CELERY_WORKER_LOST_WAIT = 2
CELERY_WORKER_CONCURRENCY = read_int("WORKER_CONCURRENCY", 2, low=1, high=64)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "config.beat:EditableScheduler"
SWEEP_INTERVAL_S = read_int("SWEEP_INTERVAL_S", 5, low=1, high=300)
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "calls.sweep": {"task": "calls.sweep", "schedule": every(SWEEP_INTERVAL_S)},
    "notifications.sweep_webhooks": {"task": "notifications.sweep_webhooks", "schedule": every(SWEEP_INTERVAL_S)},
    "calls.sweep_cache": {"task": "calls.sweep_cache", "schedule": every(60)},
    "knowledge.sweep": {"task": "knowledge.sweep", "schedule": every(30)},
    "transfers.sweep": {"task": "transfers.sweep", "schedule": every(10)},
    "knowledge.sweep_vectors": {"task": "knowledge.sweep_vectors", "schedule": every(30)},
    "knowledge.crawl": {"task": "knowledge.crawl", "schedule": every(60)},
    "calls.delete_old_calls": {"task": "calls.delete_old_calls", "schedule": every(3600)},
    "calls.send_digests": {"task": "calls.send_digests", "schedule": every(300)},
}
for _entry in CELERY_BEAT_SCHEDULE.values():
    # While no worker runs, messages must not pile up: the next ones ask for the same.
    _entry["options"] = {"expire_seconds": max(60, 10 * int(_entry["schedule"].run_every.total_seconds()))}
if CELERY_BROKER_URL.startswith("redis"):
    # Redis gives a lost worker's message back only after this time; the sweep is quicker.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300}

# --- documents of knowledge ------------------------------------------------------------------------
DOCUMENT_MAX_BYTES = read_int("DOCUMENT_MAX_MB", 20, low=1, high=200) * 1024**2
# With what a form needs besides its file.
DOCUMENT_BODY_MAX_BYTES = DOCUMENT_MAX_BYTES + 64 * 1024
DOCUMENT_MAX_PAGES = read_int("DOCUMENT_MAX_PAGES", 2000, low=1, high=20_000)
# For one document, in a process of its own.
EXTRACT_TIMEOUT_S = read_int("EXTRACT_TIMEOUT_S", 60, low=1, high=600)
EXTRACT_MEMORY_MB = read_int("EXTRACT_MEMORY_MB", 1024, low=256, high=16_384)

# --- calls ----------------------------------------------------------------------------------------
HOT_PATH = read_bool("HOT_PATH", True)
# The before-call cache in the database, where there is no Redis.
BEFORE_CACHE_MAX_ENTRIES = read_int("BEFORE_CACHE_MAX_ENTRIES", 100_000, low=100, high=10_000_000)
BEFORE_CACHE_MAX_BYTES = read_int("BEFORE_CACHE_MAX_MB", 256, low=1, high=100_000) * 1024**2
# Beginnings and tool calls that one process answers at once; past that it refuses at once.
CALLS_AT_ONCE = read_int("CALLS_AT_ONCE", 500, low=1, high=100_000)
CALLS_AT_ONCE_PER_ACCOUNT = read_int("CALLS_AT_ONCE_PER_ACCOUNT", 250, low=1, high=100_000)

# --- after-call runs ------------------------------------------------------------------------------
AFTER_RUN_TIMEOUT_S = read_int("AFTER_RUN_TIMEOUT_S", 30, low=1, high=600)
AFTER_RUN_MAX_ATTEMPTS = read_int("AFTER_RUN_MAX_ATTEMPTS", 8, low=1, high=50)
AFTER_RUN_BACKOFF_BASE_S = read_int("AFTER_RUN_BACKOFF_BASE_S", 5, low=1, high=3600)
# In one process of the worker, side by side: most of them wait for somebody else's server.
AFTER_RUNS_AT_ONCE = read_int("AFTER_RUNS_AT_ONCE", 4, low=1, high=100)

# --- email --------------------------------------------------------------------------------------
_email = read_email()
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email["EMAIL_HOST"]
EMAIL_PORT = _email["EMAIL_PORT"]
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
# Below AFTER_RUN_TIMEOUT_S: a mute mail server must end in a retry of ours, not in a lost lease.
EMAIL_TIMEOUT = min(20, AFTER_RUN_TIMEOUT_S)
# Of the providers behind EMAIL_URL: whatever is in the environment as ANYMAIL_….
ANYMAIL = {"REQUESTS_TIMEOUT": EMAIL_TIMEOUT, **read_anymail()}
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="triptyque@localhost")
PUBLIC_URL = env("PUBLIC_URL", default=f"http://127.0.0.1:{env('PORT', default='8000')}").rstrip("/")

# Hosts that every account may reach although they are private; accounts have their own list.
OUTBOUND_ALLOWED_PRIVATE_HOSTS = env.list("OUTBOUND_ALLOWED_PRIVATE_HOSTS", default=[])
