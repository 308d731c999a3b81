"""Publishing an agent: everything that is wrong at once, each with its way to the field; else a confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_base import PageAdmin
from actions.admin.drafts import DraftState, draft_state
from actions.admin.moments import change_url
from actions.contract import Moment
from actions.models import Agent, Release
from actions.registry import kinds
from actions.releases import PublishError, PublishProblem, publish

if TYPE_CHECKING:
    from accounts.models import User

NOTE_CHARS = 200


class NoteForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=NOTE_CHARS,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("What changes with this version, for your colleagues."),
    )


@dataclass(frozen=True)
class ShownProblem:
    """One reason not to publish: where (``moment``, ``action``, ``field``), what, and the way to mend it."""

    moment: str
    icon: str
    action: str
    field: str
    message: str
    url: str


def publish_view(model_admin: PageAdmin, request: HttpRequest, agent: Agent) -> HttpResponse:
    """GET shows what publishing would do; POST does it."""
    form = NoteForm(request.POST or None)
    problems: list[PublishProblem] = []
    if request.method == "POST" and form.is_valid():
        try:
            release = publish(agent, by=_user(request), note=form.cleaned_data["note"])
        except PublishError as error:
            problems = error.problems
        else:
            text = _("Version %(number)d of “%(agent)s” is published: new calls use it.")
            messages.success(request, text % {"number": release.number, "agent": agent.name})
            model_admin.log_change(request, agent, _("Published version %(number)d") % {"number": release.number})
            return HttpResponseRedirect(agent_url(agent))
    draft = DraftState("blocked", agent.current_release, problems) if problems else draft_state(agent)
    return model_admin.page(
        request,
        "triptyque/publish.html",
        title=_("Publish"),
        object=agent,
        original=agent,
        agent=agent,
        agent_url=agent_url(agent),
        draft=draft,
        problems=[_shown(problem, agent) for problem in draft.problems],
        form=form,
        next_number=_next_number(agent),
    )


def versions_view(agent: Agent) -> HttpResponse:
    return HttpResponseRedirect(versions_url(agent))


def agent_url(agent: Agent) -> str:
    return reverse("admin:actions_agent_change", args=[agent.pk])


def publish_url(agent: Agent) -> str:
    return reverse("admin:actions_agent_publish", args=[agent.pk])


def versions_url(agent: Agent) -> str:
    return f"{reverse('admin:actions_release_changelist')}?{urlencode({'agent__id__exact': agent.pk})}"


def _user(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]


def _next_number(agent: Agent) -> int:
    latest = Release.objects.filter(agent=agent).values_list("number", flat=True).first()
    return (latest or 0) + 1


def _shown(problem: PublishProblem, agent: Agent) -> ShownProblem:
    row = problem.action
    if row is None:
        label = _field_label(Agent, problem.field)
        return ShownProblem(
            "", "support_agent", agent.name, label, str(problem.message), f"{agent_url(agent)}#id_{problem.field}"
        )
    kind = kinds.get(row.kind)
    place = f"{problem.field}-group" if problem.field in kind.nested else f"id_{problem.field}"
    return ShownProblem(
        moment=str(Moment(row.moment).label),
        icon=kind.icon,
        action=row.name,
        field=_field_label(kind.model, problem.field),
        message=str(problem.message),
        url=f"{change_url(row, back=publish_url(agent))}#{place}",
    )


def _field_label(model: Any, name: str) -> str:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name
    if field.one_to_many:
        return capfirst(str(field.related_model._meta.verbose_name_plural))
    return capfirst(str(field.verbose_name))
