"""One signed request, and what came of it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone

from actions.storable import storable_text
from notifications.webhooks.secrets import PREFIX, SigningKeys
from outbound.censoring import Censor
from outbound.http import OutboundError, OutgoingRequest, send
from outbound.retry_after import retry_after_s

TIME_LIMIT_S = 15.0
ANSWER_MAX_BYTES = 256 * 1024
ANSWER_KEPT_CHARS = 1000
GONE = 410


@dataclass(frozen=True, slots=True)
class Message:
    """What leaves; the same for every attempt but for its time and signature."""

    id: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """``status`` None: there was no answer, and ``error`` and ``code`` say why. ``answer`` is the beginning of it."""

    status: int | None
    duration_ms: float
    error: str = ""
    code: str = ""
    answer: str = ""
    retry_after_s: float | None = None
    permanent: bool = False

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == GONE


async def post(
    url: str,
    message: Message,
    keys: SigningKeys,
    *,
    account_id: int,
    deadline_s: float = TIME_LIMIT_S,
    auth_profile: str = "",
) -> Reply:
    """Never raises for what the endpoint does. Redirects are not followed: the address is to be set right."""
    signature = keys.headers(message.id, int(timezone.now().timestamp()), message.body)
    request = OutgoingRequest("POST", url, headers={**message.headers, **signature}, body=message.body)
    began_s = time.perf_counter()
    try:
        response = await send(
            request,
            account_id=account_id,
            deadline_s=min(deadline_s, TIME_LIMIT_S),
            max_bytes=ANSWER_MAX_BYTES,
            max_redirects=0,
            auth_profile=auth_profile or None,
        )
    except OutboundError as error:
        duration_ms = round((time.perf_counter() - began_s) * 1000, 3)
        return Reply(None, duration_ms, error.message, error.code, permanent=error.permanent)
    return Reply(
        response.status,
        round(response.elapsed_ms, 3),
        answer=_kept(response.text(), keys),
        retry_after_s=retry_after_s(response.headers.get("retry-after", "")),
    )


def _kept(text: str, keys: SigningKeys) -> str:
    """Readable, storable, and without our secrets, should the endpoint repeat them."""
    secrets = [secret.removeprefix(PREFIX) for secret in keys.secrets]
    text = Censor(secrets).clean_text(storable_text(text[: 4 * ANSWER_KEPT_CHARS]))
    text = re.sub(r"[^\S\n]+", " ", text).strip()
    return text if len(text) <= ANSWER_KEPT_CHARS else text[: ANSWER_KEPT_CHARS - 1] + "…"
