"""The admin of agents and their actions. Every kind's model gets its page here, from the registry."""

from __future__ import annotations

from django.contrib import admin
from django.utils.module_loading import import_string

from actions.admin import action_list, agents, classifiers, releases
from actions.registry import kinds

__all__ = ["action_list", "agents", "classifiers", "releases"]

for kind in kinds:
    admin.site.register(kind.model, import_string(kind.admin_class))
