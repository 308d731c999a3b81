"""The one expression language: templates and conditions (Jinja2), paths into JSON (RFC 9535).

Everything an editor writes is read at publish time by ``parse`` (``templates``, ``conditions``, ``paths``) and
evaluated during calls against a mapping made by ``scope``. Evaluation reaches JSON data and the filters, tests
and methods listed in ``filters``, ``checks`` and ``methods``; nothing of Python is within its reach.

Where it departs from plain Jinja2: text shows JSON (``true``, ``[1, 2]``) and nothing for null; ``default``
also replaces null; a key of the data goes before a method of the same name; unknown and null values pass
through filters and arithmetic unchanged.
"""
