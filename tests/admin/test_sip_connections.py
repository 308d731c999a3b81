"""SIP connections in the admin: the password goes in and never comes out; what is used stays."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django_scopes import scope

from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text
from transfers.action import TransferAction
from transfers.models import SipConnection

People = Callable[..., Client]
ADD = "/admin/transfers/sipconnection/add/"


def test_a_connection_is_entered_and_its_password_never_shown(furnished: Furnished, people: People) -> None:
    client = people("editor")
    entered = {"name": "Trunk", "host": "SIP.example.com", "transport": "tls", "user": "tq", "password": "s3cret pass"}
    assert fill_in(client, ADD, **entered).status_code == 302
    with scope(account=furnished.account):
        line = SipConnection.objects.get(name="Trunk")
        assert (line.host, line.port, line.password) == ("sip.example.com", 5061, "s3cret pass")
    change = f"/admin/transfers/sipconnection/{line.pk}/change/"
    assert "s3cret" not in text(client.get(change))
    assert fill_in(client, change, user="other").status_code == 302
    with scope(account=furnished.account):
        line.refresh_from_db()
        assert (line.user, line.password) == ("other", "s3cret pass")


def test_what_cannot_be_a_host_is_said_and_nothing_is_lost(furnished: Furnished, people: People) -> None:
    page = text(fill_in(people("editor"), ADD, name="Trunk", host="https://pbx.example/x", password="s3cret"))
    assert "Give a host name or an IP address alone" in page
    assert "https://pbx.example/x" in page
    assert "s3cret" not in page


def test_another_host_asks_for_the_password_again(furnished: Furnished, people: People) -> None:
    client = people("editor")
    fill_in(client, ADD, name="Trunk", host="sip.example.com", password="s3cret")
    with scope(account=furnished.account):
        line = SipConnection.objects.get(name="Trunk")
    change = f"/admin/transfers/sipconnection/{line.pk}/change/"
    assert "enter the password again" in text(fill_in(client, change, host="evil.example"))


def test_a_connection_in_use_says_by_what_and_stays(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        action = TransferAction.objects.get(pk=furnished.actions["transfer"].pk)
        action.sip_connection = furnished.line
        action.save()
    client = people("admin")
    change = f"/admin/transfers/sipconnection/{furnished.line.pk}/change/"
    assert "Standard du lac: my_transfer" in text(client.get(change))
    refused = client.post(f"/admin/transfers/sipconnection/{furnished.line.pk}/delete/", {"post": "yes"}, follow=True)
    assert "“Ligne du lac” cannot be deleted. It is used by: Standard du lac: my_transfer." in text(refused)
    chosen = {"action": "delete_selected", "_selected_action": [str(furnished.line.pk)], "post": "yes"}
    client.post("/admin/transfers/sipconnection/", chosen)
    with scope(account=furnished.account):
        assert SipConnection.objects.filter(pk=furnished.line.pk).exists()
