"""What ``make run`` tells, in French and in English, once everything answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_FRENCH = """
── Français ─────────────────────────────────────────────────────────────
Administration   {url}/admin/
Se connecter     {login}
API              {url}/api/docs/   la clé est dans {env_file}
Messages reçus   {mailbox}
Rejouer l’appel  {again}
Arrêter          Ctrl-C
"""
_ENGLISH = """
── English ──────────────────────────────────────────────────────────────
Admin            {url}/admin/
Log in           {login}
API              {url}/api/docs/   the key is in {env_file}
Mail received    {mailbox}
Play it again    {again}
Stop             Ctrl-C
"""
_NEXT_LINE = "\n" + " " * 17


def greeting(url: str, data_dir: Path, values: Mapping[str, str]) -> str:
    """``values`` are those of demo.env."""
    default = data_dir == Path(__file__).resolve().parents[1] / "var"
    facts = {
        "url": url,
        "env_file": data_dir / "demo.env",
        "mailbox": values.get("TRIPTYQUE_MAILBOX", "→ EMAIL_URL"),
        "again": "make demo-call" if default else f"DATA_DIR={data_dir} make demo-call",
    }
    french, english = _logins(values)
    return _FRENCH.format(**facts, login=french) + _ENGLISH.format(**facts, login=english)


def _logins(values: Mapping[str, str]) -> tuple[str, str]:
    """How to log in, in French and in English; the sample account may be gone, or its password changed."""
    password = values.get("TRIPTYQUE_PASSWORD")
    french, english = values.get("TRIPTYQUE_ADMIN_EMAIL"), values.get("TRIPTYQUE_EDITOR_EMAIL")
    if not french or not english:
        return "avec votre propre compte", "with your own account"
    command = f"(.venv/bin/python manage.py changepassword {french})"
    return (
        f"{french}   mot de passe : {password or f'le vôtre {command}'}{_NEXT_LINE}"
        f"(administre le compte « Démo » ; en anglais : {english}, éditeur, même mot de passe)",
        f"{english}   password: {password or f'your own {command}'}{_NEXT_LINE}"
        f"(edits the account “Démo”; in French: {french}, its administrator, same password)",
    )
