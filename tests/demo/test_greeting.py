"""How to log in, in both languages, whatever became of the sample account."""

from __future__ import annotations

from pathlib import Path

from scripts.greeting import greeting

URL = "http://127.0.0.1:8000"
VALUES = {
    "TRIPTYQUE_ADMIN_EMAIL": "camille@demo.example",
    "TRIPTYQUE_EDITOR_EMAIL": "alex@demo.example",
    "TRIPTYQUE_MAILBOX": "/data/mailbox",
}


def test_it_tells_address_login_and_password_twice() -> None:
    told = greeting(URL, Path("/data"), {**VALUES, "TRIPTYQUE_PASSWORD": "9d75-fa14"})
    assert told.count(f"{URL}/admin/") == 2
    assert "camille@demo.example   mot de passe : 9d75-fa14" in told
    assert "alex@demo.example   password: 9d75-fa14" in told
    assert "DATA_DIR=/data make demo-call" in told


def test_a_password_that_people_changed_is_theirs_to_know() -> None:
    told = greeting(URL, Path("/data"), VALUES)
    assert "manage.py changepassword camille@demo.example" in told
    assert "None" not in told


def test_without_a_sample_account_people_log_in_with_their_own() -> None:
    assert "with your own account" in greeting(URL, Path("/data"), {})
