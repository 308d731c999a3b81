"""A new account with its first administrator and its first API key."""

from __future__ import annotations

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.text import slugify
from django_scopes import scope

from accounts.models import Account, ApiKey, KeyScope, Language, Membership, Role, User


class Command(BaseCommand):
    help = "Create an account, its first administrator and an API key, whose text is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--slug", help="short name; made from the name if not given")
        parser.add_argument("--admin", required=True, metavar="EMAIL")
        parser.add_argument("--password", help="asked for if not given and the user is new")
        parser.add_argument("--language", choices=Language.values, default=Language.FRENCH.value)

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["slug"] or slugify(options["name"])
        if not slug:
            raise CommandError("Give a short name with --slug.")
        if Account.objects.filter(slug=slug).exists():
            raise CommandError(f"An account with the short name {slug} exists already.")
        with transaction.atomic():
            user = self._user(options)
            account = Account.objects.create(name=options["name"], slug=slug)
            with scope(account=account):
                Membership.objects.create(user=user, account=account, role=Role.ADMIN)
                _key, plain_text = ApiKey.objects.issue(account=account, name="First key", scopes=list(KeyScope.values))
        self.stdout.write(plain_text)

    def _user(self, options: dict[str, Any]) -> User:
        email = options["admin"].lower()
        if user := User.objects.filter(email=email).first():
            return user
        password = options["password"] or getpass(f"Password for {email}: ")
        user = User(email=email, language=options["language"])
        try:
            validate_password(password, user)
            user.set_password(password)
            user.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user.save()
        return user
