"""What the guide tells receivers to do works as it stands there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from notifications.webhooks.secrets import SigningKeys, new_secret

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
BODY = '{"type":"ping","data":{"message":"Ça marche"}}'.encode()
SECRET, OTHER = new_secret(), new_secret()


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def cases() -> list[tuple[str, dict[str, str], bytes, bool]]:
    """(secret, headers, body, whether it is genuine)"""
    now = int(time.time())
    good = SigningKeys((SECRET,)).headers("msg_1", now, BODY)
    rotating = SigningKeys((OTHER, SECRET)).headers("msg_1", now, BODY)
    old = SigningKeys((SECRET,)).headers("msg_1", now - 3600, BODY)
    return [
        (SECRET, good, BODY, True),
        (SECRET, rotating, BODY, True),
        (OTHER, rotating, BODY, True),
        (OTHER, good, BODY, False),
        (SECRET, good, BODY + b" ", False),
        (SECRET, {**good, "webhook-id": "msg_2"}, BODY, False),
        (SECRET, old, BODY, False),
    ]


def test_the_python_example_tells_genuine_requests() -> None:
    names: dict[str, Any] = {}
    exec(block("python"), names)
    for secret, headers, body, genuine in cases():
        assert names["is_genuine"](secret, headers, body) is genuine


def _node() -> str | None:
    return shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(_node() is None, reason="no Node.js found")
def test_the_javascript_example_tells_genuine_requests(tmp_path: Path) -> None:
    (tmp_path / "genuine.mjs").write_text(block("javascript"))
    (tmp_path / "cases.json").write_text(json.dumps([[s, h, b.decode(), g] for s, h, b, g in cases()]))
    (tmp_path / "main.mjs").write_text(
        """
        import { readFileSync } from "node:fs";
        import { isGenuine } from "./genuine.mjs";
        const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));
        console.log(JSON.stringify(cases.map(([s, h, b, g]) => isGenuine(s, h, Buffer.from(b)) === g)));
        """
    )
    node = _node()
    assert node is not None
    done = subprocess.run([node, str(tmp_path / "main.mjs")], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == [True] * len(cases())
