from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KnowledgeConfig(AppConfig):
    name = "knowledge"
    verbose_name = _("Knowledge")

    def ready(self) -> None:
        from knowledge import signals  # noqa: F401
        from knowledge.embedding import signals as embedding_signals  # noqa: F401
        from knowledge.embedding import tasks  # noqa: F401
