"""``make check-vendors``: LiveKit Agents and Pipecat read tools in their shapes, in an environment of their own.

Their packages are too heavy for every developer's set-up; uv keeps them in its cache. Needs the network once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READERS = {"livekit": "livekit-agents==1.8.9", "pipecat": "pipecat-ai==1.14.0"}

PARAMETERS = {
    "type": "object",
    "properties": {
        "destination": {"type": "string", "enum": ["Service clients", "Sinistres"], "description": "Whom to call."},
        "seconds": {"type": "integer", "minimum": 1, "maximum": 60},
    },
    "required": ["destination"],
    "additionalProperties": False,
}


def tools(shape: str) -> list[dict[str, object]]:
    from actions import manifests
    from actions.messages import MessageBefore
    from actions.releases import ToolDefinition

    place = manifests.Place(api_url="https://actions.example.org/api/v1", language="en")
    definitions = [
        ToolDefinition("transfer_to_advisor", "Transfers.", PARAMETERS, MessageBefore(texts={"en": "One moment."})),
        ToolDefinition(
            "hang_up", "Ends the call.", {"type": "object", "properties": {}, "additionalProperties": False}
        ),
    ]
    manifest = manifests.render(manifests.find(shape), definitions, place)
    assert not manifest.warnings, manifest.warnings
    return manifest.tools


def main() -> int:
    import django

    django.setup()
    failed = 0
    for shape, package in READERS.items():
        reader = ROOT / "scripts" / "vendor_readers" / f"read_{shape}.py"
        uv = Path(sys.executable).with_name("uv")
        command = [str(uv), "run", "--no-project", "--isolated", "--quiet", "--with", package, "python", str(reader)]
        done = subprocess.run(command, input=json.dumps(tools(shape)), text=True, cwd=reader.parent)
        print(f"{package:<24} {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
        failed += done.returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.exit(main())
