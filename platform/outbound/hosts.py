"""Hosts that a credential may be sent to: ``crm.example``, ``crm.example:8443``, ``*.crm.example``."""

from __future__ import annotations

from outbound.targets import InvalidHost, parse_entry

ANY_BELOW = "*."


def normalise_rule(text: str) -> str:
    """The one spelling of a rule; raises :class:`InvalidHost`."""
    text = text.strip()
    prefix = ANY_BELOW if text.startswith(ANY_BELOW) else ""
    host, port = parse_entry(text.removeprefix(prefix))
    if prefix and ("." not in host or host.replace(".", "").isdecimal() or ":" in host):
        # *.com would be half of the world.
        raise InvalidHost(text)
    if ":" in host:
        host = f"[{host}]"
    return f"{prefix}{host}" if port is None else f"{prefix}{host}:{port}"


def matches(rule: str, host: str, port: int) -> bool:
    """``rule`` is normalised; ``*.`` stands for one or more names in front, not for none."""
    prefix = ANY_BELOW if rule.startswith(ANY_BELOW) else ""
    ruled_host, ruled_port = parse_entry(rule.removeprefix(prefix))
    if ruled_port is not None and ruled_port != port:
        return False
    return host.endswith(f".{ruled_host}") if prefix else host == ruled_host


def widens(before: list[str], after: list[str]) -> bool:
    """Whether ``after`` lets a credential go where ``before`` did not; an empty list lets it go anywhere."""
    if not before:
        return False
    return not after or not all(any(_within(rule, wider) for wider in before) for rule in after)


def _within(rule: str, wider: str) -> bool:
    """Whether every host of ``rule`` is one of ``wider``; no port, which is every port, is within no port only."""
    host, port = parse_entry(rule.removeprefix(ANY_BELOW))
    return matches(wider, f"any.{host}" if rule.startswith(ANY_BELOW) else host, port or 0)
