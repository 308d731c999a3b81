"""`import platform` is the standard library's, wherever our code runs (docs/decisions/0001)."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROOF = "import platform; print(platform.__file__, platform.system())"

EVERYWHERE = {
    "manage.py": [sys.executable, "manage.py", "shell", "--no-imports", "-c", PROOF],
    "the web server": [
        sys.executable,
        "-c",
        f"import uvicorn; uvicorn.Config('config.asgi:application').load(); {PROOF}",
    ],
    "the worker": [
        sys.executable,
        "-c",
        f"from config.celery import app; app.loader.import_default_modules(); {PROOF}",
    ],
}


def test_in_pytest() -> None:
    assert platform.system() == os.uname().sysname
    assert not (ROOT / "platform" / "__init__.py").exists()


@pytest.mark.parametrize("where", EVERYWHERE)
def test_in(where: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        EVERYWHERE[where], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    module_file, system = done.stdout.split()[-2:]
    assert ROOT not in Path(module_file).parents or ".venv" in module_file
    assert Path(module_file).name == "platform.py"
    assert system == os.uname().sysname
