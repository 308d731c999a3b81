"""Sources, their documents, and asking a source, in the API."""

from knowledge.api.documents import DocumentsViewSet
from knowledge.api.embedding import EmbeddingConnectionsViewSet
from knowledge.api.sources import SourcesViewSet

__all__ = ["DocumentsViewSet", "EmbeddingConnectionsViewSet", "SourcesViewSet"]
