"""Kind ``menu``: keys that the caller may press at any time; each runs an action, without asking the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager
from pydantic import BaseModel, ConfigDict, Field

from actions import keys
from actions.arguments import Arguments
from actions.contract import (
    JSON,
    CallContext,
    CallEvent,
    FreezeError,
    Invocation,
    KeyMenu,
    Kind,
    Moment,
    Outcome,
    Params,
    Tool,
)
from actions.directives import Say
from actions.messages import said, validate_texts
from actions.models import Action
from actions.registry import register

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PRESSED = "keypad.pressed"


class MenuAction(Action):
    """What the caller hears of the menu; its keys are rows."""

    KIND = "menu"

    announcement_texts = models.JSONField(
        gettext_lazy("announcement"),
        default=dict,
        blank=True,
        validators=[validate_texts],
        help_text=gettext_lazy(
            "Given to the telephone system with the beginning of the call. For example: For an adviser, press 1."
        ),
    )
    unknown_texts = models.JSONField(
        gettext_lazy("for any other key"),
        default=dict,
        blank=True,
        validators=[validate_texts],
        help_text=gettext_lazy("Said when a key is pressed that is not in the menu. Empty: nothing happens."),
    )

    objects: ClassVar[models.Manager[MenuAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("keypad menu")
        verbose_name_plural = gettext_lazy("keypad menus")


class MenuKey(models.Model):
    """A key, and the action that it runs. The action cannot be deleted while a menu leads to it."""

    menu = models.ForeignKey(MenuAction, models.CASCADE, verbose_name=gettext_lazy("menu"), related_name="keys")
    key = models.CharField(
        gettext_lazy("key"),
        max_length=1,
        choices=[(key, key) for key in keys.KEYS],
        help_text=gettext_lazy("0-9, *, #."),
    )
    target = models.ForeignKey(
        Action, models.RESTRICT, verbose_name=gettext_lazy("action to run"), related_name="menu_keys"
    )
    arguments = models.JSONField(
        gettext_lazy("arguments"),
        default=dict,
        blank=True,
        help_text=gettext_lazy('What the action is given, for example {"reason": "caller_asked"} to hang up.'),
    )

    objects: ClassVar[models.Manager[MenuKey]] = ScopedManager(account="menu__agent__account")

    class Meta:
        verbose_name = gettext_lazy("key of a menu")
        verbose_name_plural = gettext_lazy("keys of a menu")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["menu", "key"],
                name="actions_menu_key_once",
                violation_error_message=gettext_lazy("This key is in the menu twice."),
            )
        ]

    def __str__(self) -> str:
        return self.key

    def clean(self) -> None:
        if self.target_id and self.target.agent_id != self.menu.agent_id:
            raise ValidationError({"target": _("This agent has no such action.")})
        if not isinstance(self.arguments, dict):
            raise ValidationError({"arguments": _("This must be a JSON object.")})


class Key(BaseModel):
    """A key as published; ``action`` is the name of a during-action of the same release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    action: str
    arguments: dict[str, Any] = {}


class MenuParams(Params):
    """Texts by language."""

    keys: tuple[Key, ...] = Field(min_length=1)
    announcement: dict[str, str] = {}
    unknown: dict[str, str] = {}


@register
class MenuKind(Kind[MenuParams]):
    name = "menu"
    label = gettext_lazy("Keypad menu")
    summary = gettext_lazy("Keys that the caller may press; each runs an action, without the language model.")
    icon = "apps"
    moments = frozenset({Moment.DURING})
    Params = MenuParams
    model = MenuAction
    fields = ("announcement_texts", "unknown_texts")
    nested = ("keys",)
    admin_class = "actions.admin.menus.MenuAdmin"

    def freeze(self, action: MenuAction) -> MenuParams:
        rows = list(action.keys.select_related("target"))
        errors: list[StrOrPromise] = [] if rows else [_("Give the menu a key.")]
        errors += [_("%(key)s: this agent has no such action.") % {"key": row.key} for row in rows if not _is_own(row)]
        if errors:
            raise FreezeError({"keys": errors})
        return MenuParams(
            keys=tuple(Key(key=row.key, action=row.target.name, arguments=row.arguments) for row in rows),
            announcement=said(action.announcement_texts),
            unknown=said(action.unknown_texts),
        )

    def neighbour_errors(
        self, params: MenuParams, name: str, tools: Mapping[str, Tool]
    ) -> Mapping[str, Sequence[StrOrPromise]]:
        errors = [f"{row.key}: {text}" for row in params.keys for text in _target_errors(row, tools)]
        for other, tool in tools.items():
            if other != name and (shared := {row.key for row in params.keys} & set(tool.keys)):
                facts = {"keys": ", ".join(sorted(shared)), "menu": other}
                errors.append(_("%(keys)s: the menu “%(menu)s” has this key already.") % facts)
        return {"keys": errors} if errors else {}

    def default_description(self, language: str) -> str:
        with override(language):
            return _("Keys that the caller may press at any time.")

    def offers_tool(self, params: MenuParams) -> bool:
        return False

    def menu(self, params: MenuParams) -> KeyMenu | None:
        return KeyMenu(tuple(row.key for row in params.keys), params.announcement)

    def arguments_schema(self, params: MenuParams, language: str) -> dict[str, JSON]:
        return {
            "type": "object",
            "properties": {"key": {"type": "string", "enum": list(keys.KEYS)}},
            "additionalProperties": False,
        }

    async def run(self, params: MenuParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        """Says the announcement; what is said of a key that is not in the menu, if one is given."""
        language = context.agent.language
        text = (params.unknown if "key" in arguments else params.announcement).get(language, "")
        if not text:
            return Outcome(result={"status": "silent"})
        return Outcome(result={"status": "announced", "message": text}, directives=(Say(text=text, language=language),))

    def react(self, params: MenuParams, context: CallContext, event: CallEvent) -> Invocation | None:
        """To a single key; several at once are no choice in a menu."""
        pressed = event.data.get("digits")
        if event.type != PRESSED or not isinstance(pressed, str) or len(pressed) != 1 or pressed not in keys.KEYS:
            return None
        for row in params.keys:
            if row.key == pressed:
                return Invocation(row.action, row.arguments)
        if params.unknown.get(context.agent.language):
            return Invocation(context.action_name, {"key": pressed})
        return None


def _is_own(row: MenuKey) -> bool:
    return row.target.agent_id == row.menu.agent_id


def _target_errors(row: Key, tools: Mapping[str, Tool]) -> list[str]:
    tool = tools.get(row.action)
    if tool is None:
        text = _("“%(action)s” is not enabled, or is no action during the call.")
        return [text % {"action": row.action}]
    if tool.kind == MenuKind.name:
        return [_("A menu cannot lead to a menu.")]
    if tool.arguments is None:
        return []
    return [f"{path}: {message}" for path, message in Arguments(tool.arguments).errors(row.arguments)]
