"""The words of the admin's pages that are not ours, named here to enter our catalogue.

Nothing imports this module: ``scripts/messages.py`` reads it. ``tests/config/test_catalogue.py`` compares it with the
Unfold that is installed.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

UNFOLD = (
    _("Add new item"),
    _("Add row"),
    _("After you've created a user, you’ll be able to edit more user options."),
    _("All applications"),
    _("Apply Filters"),
    _("Choose file to upload"),
    _("Click to cancel"),
    _("Click to download"),
    _("Dark"),
    _("Date"),
    _("Date from"),
    _("Date to"),
    _("Expand row"),
    _("False"),
    _("Forgotten your password or username?"),
    _("From"),
    _("General"),
    _("Go back"),
    _("Image preview"),
    _("Light"),
    _("Loading more results..."),
    _("More actions"),
    _("Next"),
    _("No data"),
    _("No recent searches"),
    _("No results found"),
    _("No results matching your query"),
    _("Not enough data."),
    _("Previous"),
    _(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the password "
        'using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    _("Recent searches"),
    _("Record picture"),
    _("Reset filters"),
    _("Return to site"),
    _("Run"),
    _("Search apps and models..."),
    _("Select action"),
    _("Select action to run"),
    _("Select all rows"),
    _("Select record"),
    _("Select value"),
    _("This item will be deleted."),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("To"),
    _("Toggle password visibility"),
    _("True"),
    _("Type to search"),
    _("Value"),
    _("Welcome back to"),
    _("You have been successfully logged out from the administration"),
)
COUNTED = ngettext_lazy(
    "\n                Found %(counter)s result in %(time)s seconds\n            ",
    "\n                Found %(counter)s results in %(time)s seconds\n            ",
    "counter",
)
"""django-unfold has no French. Left out: what Django translates already, and what no page of ours shows."""

DJANGO = (
    _("Add %s"),
    _("Change %s"),
    _("View %s"),
    _("Select %s to change"),
    _("Select %s to view"),
    _("Add %(name)s"),
    _("Add another %(model)s"),
    _("Change selected %(model)s"),
    _("View selected %(model)s"),
    _("Delete selected %(model)s"),
    _("Delete selected %(verbose_name_plural)s"),
    _("Select all %(total_count)s %(module_name)s"),
    _("Added {name} “{object}”."),
    _("Changed {fields} for {name} “{object}”."),
    _("Deleted {name} “{object}”."),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _("%(name)s with ID “%(key)s” doesn’t exist. Perhaps it was deleted?"),
    _(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the following related items '
        "will be deleted:"
    ),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would require deleting the following protected related "
        "objects:"
    ),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related objects, but your account "
        "doesn't have permission to delete the following types of objects:"
    ),
    _(
        "Are you sure you want to delete the selected %(objects_name)s? All of the following objects and their related "
        "items will be deleted:"
    ),
    _("Deleting the selected %(objects_name)s would require deleting the following protected related objects:"),
    _(
        "Deleting the selected %(objects_name)s would result in deleting related objects, but your account doesn't "
        "have permission to delete the following types of objects:"
    ),
    _(
        "Deleting %(class_name)s %(instance)s would require deleting the following protected related objects: "
        "%(related_objects)s"
    ),
)
"""What Django's French says well of masculine nouns that begin with a consonant only ("Ajout de agent")."""
