"""The message before a tool is used, for consumers that have no field for it: the model is asked to say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import override

if TYPE_CHECKING:
    from actions.messages import MessageBefore
    from actions.releases import ToolDefinition


def text_of(message: MessageBefore, language: str) -> str:
    """In ``language``, else in the first there is; '' without any."""
    return message.texts.get(language) or next(iter(message.texts.values()), "")


def described(tool: ToolDefinition, language: str) -> str:
    """The tool's description, with what is to be said before it is used."""
    return f"{tool.description}\n\n{asked(tool.message_before, language)}" if tool.message_before else tool.description


def asked(message: MessageBefore, language: str) -> str:
    """What the model is told about the message, in the agent's language."""
    text = text_of(message, language)
    with override(language):
        if not text:
            return _("Before you use it, tell the caller in a few words what you are about to do.")
        if message.mode == "exact":
            return _("Before you use it, say exactly this: “%(text)s”") % {"text": text}
        return _("Before you use it, tell the caller so in your own words, for example: “%(text)s”") % {"text": text}
