"""The page that measures how well a source answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.admin_base import AccountAdmin, breadcrumbs
from accounts.admin_widgets import CodeTextarea
from knowledge.admin.states import source_url
from knowledge.evaluation import CasesInvalidError, Evaluation, Expectation, evaluate, parse
from knowledge.models import Source
from knowledge.search import SourceNotReadyError

MOST_BYTES = 500_000


class QuestionsForm(forms.Form):
    questions = forms.CharField(
        label=gettext_lazy("Questions"),
        required=False,
        max_length=MOST_BYTES,
        widget=CodeTextarea({"rows": 10, "class": "tq-code tq-prose"}),
        help_text=gettext_lazy("One per line: the question, a semicolon, the title of the document with the answer."),
    )
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt"}),
        help_text=gettext_lazy("Instead of the text: two columns, question and document."),
    )

    expectations: list[Expectation]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        if file is not None and file.size > MOST_BYTES:
            self.add_error("file", _("The file is too large."))
            return cleaned
        text = _decoded(file.read()) if file is not None else cleaned.get("questions") or ""
        try:
            self.expectations = parse(text)
        except CasesInvalidError as error:
            self.add_error("file" if file is not None else "questions", str(error))
        return cleaned


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


class EvaluationPage(AccountAdmin):
    """For the admin of sources. Nothing is stored: whoever may see a source may measure it."""

    @action(description=gettext_lazy("Evaluate"), permissions=["view"], icon="monitoring")
    def evaluate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        source: Source = self.row_or_404(request, object_id)
        breadcrumbs(request, (source_url(source), source.name), ("", _("Evaluate")))
        form = QuestionsForm(request.POST or None, request.FILES or None)
        evaluation: Evaluation | None = None
        problem = ""
        if request.method == "POST" and form.is_valid():
            try:
                evaluation = evaluate(source.pk, form.expectations)
            except SourceNotReadyError as error:
                problem = str(error.status.label)
        return self.page(
            request,
            "triptyque/knowledge/evaluation.html",
            title=_("Evaluate"),
            source=source,
            form=form,
            evaluation=evaluation,
            unknown=_unknown_documents(source, evaluation),
            problem=problem,
            back=source_url(source),
        )


def _unknown_documents(source: Source, evaluation: Evaluation | None) -> list[str]:
    """Expected titles that the source does not have: a slip of whoever wrote them."""
    if evaluation is None:
        return []
    titles = {" ".join(title.casefold().split()) for title in source.documents.values_list("title", flat=True)}
    expected = dict.fromkeys(result.expectation.document for result in evaluation.results)
    return [title for title in expected if " ".join(title.casefold().split()) not in titles]
