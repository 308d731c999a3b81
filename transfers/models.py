"""The models live beside their kinds; importing this module brings them all in."""

from __future__ import annotations

from actions.registry import import_kinds

import_kinds("transfers.kinds")
