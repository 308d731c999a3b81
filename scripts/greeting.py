"""What ``make run`` tells, in French and in English, once everything answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_FRENCH = """
── Français ─────────────────────────────────────────────────────────────
Administration   {url}/admin/
Se connecter     {french_email}   mot de passe : {password}
                 (administration du compte « Démo » ; en anglais : {english_email}, même mot de passe)
API              {url}/api/docs/   la clé est dans {env_file}
Messages reçus   {mailbox}
Rejouer l’appel  {again}
Arrêter          Ctrl-C"""

_ENGLISH = """
── English ──────────────────────────────────────────────────────────────
Admin            {url}/admin/
Log in           {english_email}   password: {password}
                 (editor of the account “Démo”; in French: {french_email}, same password)
API              {url}/api/docs/   the key is in {env_file}
Mail received    {mailbox}
Play it again    {again}
Stop             Ctrl-C
"""


def greeting(url: str, data_dir: Path, values: Mapping[str, str]) -> str:
    """``values`` are those of demo.env."""
    default = data_dir == Path(__file__).resolve().parents[1] / "var"
    facts = {
        "url": url,
        "env_file": data_dir / "demo.env",
        "mailbox": values.get("TRIPTYQUE_MAILBOX", "→ EMAIL_URL"),
        "again": "make demo-call" if default else f"DATA_DIR={data_dir} make demo-call",
        "french_email": values.get("TRIPTYQUE_ADMIN_EMAIL", ""),
        "english_email": values.get("TRIPTYQUE_EDITOR_EMAIL", ""),
        "password": values.get("TRIPTYQUE_PASSWORD", ""),
    }
    return _FRENCH.format(**facts) + "\n" + _ENGLISH.format(**facts)
