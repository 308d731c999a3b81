"""Auth profiles: how a request proves to another system on whose behalf it asks. One kind, one module."""

from __future__ import annotations

# In the order in which people are offered them.
from outbound.auth import bearer, api_key, basic, oauth2_client_credentials, mutual_tls  # isort: skip

__all__ = ["api_key", "basic", "bearer", "mutual_tls", "oauth2_client_credentials"]
