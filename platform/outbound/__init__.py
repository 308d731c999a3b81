"""The only way out: every HTTP request that the product sends goes through ``outbound.http.send``."""

VERSION = "0.1.0"
"""The product's version, told to others in ``User-Agent``; a test keeps it equal to pyproject.toml."""
