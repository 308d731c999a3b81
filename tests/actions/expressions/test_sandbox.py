"""Hostile templates: each ends quickly, with an error or a small output, and learns nothing."""

from __future__ import annotations

import time

import pytest

from actions.contract import JSON
from actions.expressions.conditions import Condition
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import build
from actions.expressions.templates import Template

DATA: JSON = build(
    system={},
    interaction={},
    sip={"X-Id": "1"},
    context={"rows": [{"n": n, "s": "s" * 10} for n in range(20_000)], "text": "a" * 1_000_000},
    params={"x": "abc", "d": {"a": 1}, "l": [1, 2]},
)
TURN = "{% for i in range(1000) %}"
END = "{% endfor %}"

# Ways out to Python.
ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''['__cla' ~ 'ss__'] }}",
    "{{ x.__class__.__mro__[1].__subclasses__() }}",
    "{{ x.__globals__ }}",
    "{{ d.__init__.__globals__['os'] }}",
    "{{ d['__init__'] }}",
    "{{ sip.__dict__ }}",
    "{{ sip._names }}",
    "{{ sip.__reduce__() }}",
    "{{ x|attr('__class__') }}",
    "{{ [x]|map('attr', '__class__')|list }}",
    "{{ [x]|map(attribute='__class__')|list }}",
    "{{ [d]|map(attribute='__init__.__globals__')|list }}",
    "{{ l|sort(attribute='__class__') }}",
    "{{ [x]|selectattr('__class__') }}",
    "{{ [x]|selectattr('n', '__import__') }}",
    "{{ [x]|map('__import__') }}",
    "{{ [x]|map(' show') }}",
    "{{ x| show }}",
    "{{ self }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ loop }}",
    "{% for i in l %}{{ loop }}{% endfor %}",
    "{% for i in l %}{{ loop._iterator }}{% endfor %}",
    "{% for i in l %}{{ loop['__init__'].__globals__ }}{% endfor %}",
    "{% for i in l recursive %}{{ loop(l) }}{% endfor %}",
    "{{ cycler }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum() }}",
    "{{ lipsum.__globals__ }}",
    "{{ joiner('a') }}",
    "{{ namespace(a=1) }}",
    "{{ dict(a=1) }}",
    "{{ range.__class__ }}",
    "{{ range }}",
    "{{ range(3).__class__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ environment }}{{ context.environment }}{{ missing }}{{ resolve }}{{ undefined }}",
    "{{ nope.__class__ }}",
    "{{ nope._undefined_obj }}",
    "{{ nope['__init__'] }}",
    "{{ x.upper.__self__ }}",
    "{{ x.upper.__func__ }}",
    "{{ x.format }}",
    "{{ x.format_map(d) }}",
    "{{ '{0.__class__}'.format(x) }}",
    "{{ '%s'|format(x) }}",
    "{{ '%(a)s' % d }}",
    "{{ x.encode() }}",
    "{{ x.join(l) }}",
    "{{ d.update({'z': 1}) }}",
    "{{ d.pop('a') }}",
    "{{ l.append(1) }}",
    "{{ l.__iadd__([1]) }}",
    "{% set d.a = 1 %}",
    "{% set d['a'] = 1 %}",
    "{% include 'a' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% extends 'a' %}",
    "{% block a %}{% endblock %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}a{% endfilter %}",
    "{% set a %}a{% endset %}",
    "{% do l.append(1) %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% trans %}a{% endtrans %}",
    "{% debug %}",
    "{{ range(*l) }}",
    "{{ x|replace(**d) }}",
    "{{ (x if true else x)() }}",
    "{{ d.a() }}",
    "{{ _('a') }}",
    "{{ super() }}",
    "{{ caller() }}",
    "{% for loop in l %}{{ loop }}{% endfor %}",
    "{{ 'a'|safe }}",
    "{{ x|pprint }}",
]

# Ways to eat time or memory.
BOMBS = [
    "{{ 'a' * 10**9 }}",
    "{{ [1] * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ 2**10**10 }}",
    "{{ (2**10**10) }}",
    "{{ 2**63 * 2**63 * 2**63 }}",
    "{{ (-8) ** 0.5 }}",
    "{{ 1e308 * 10 }}",
    "{{ 10 ** -10 ** 9 }}",
    '{{ "%1000000000s" % 1 }}',
    '{{ "%1000000000s"|format(1) }}',
    "{{ 'a'.center(10**9) }}",
    "{{ 'a'|center(10**9) }}",
    "{{ 'a'|indent(10**9) }}",
    "{{ 'a'.ljust(10**9) }}",
    "{{ 'a'.zfill(10**9) }}",
    "{{ range(10**9) }}",
    "{{ range(10**30) }}",
    "{{ range(-10**30, 10**30, 1) }}",
    "{{ range(1001)|length }}",
    "{{ range(0, 10, 0) }}",
    "{{ range('a') }}",
    "{% for i in range(10**9) %}{{ i }}{% endfor %}",
    TURN * 3 + "{{ i }}" + END * 3,
    TURN * 2 + END * 2,
    TURN + "{{ x }}" * 1000 + END,
    TURN + "{% if x|upper|lower|title|trim %}{% endif %}" * 500 + END,
    TURN + "{% if 1 %}{% endif %}" * 2000 + END,
    TURN + "{% if context.text|title %}{% endif %}" + END,
    TURN + "{% if context.rows|sort(attribute='s') %}{% endif %}" + END,
    TURN + "{% if context.rows == context.rows[:] %}{% endif %}" + END,
    TURN + "{% if context.rows|unique %}{% endif %}" + END,
    TURN + "{{ context.rows|tojson|length }}" + END,
    "{% for r in context.rows %}{{ r.s }}{% endfor %}",
    "{% for r in context.rows %}{% endfor %}",
    "{{ context.text }}{{ context.text }}",
    "{{ context.text ~ context.text }}",
    "{{ context.text + context.text }}",
    "{{ context.text|replace('', 'aaaaaaaaaaaaaaaaaaaaa') }}",
    "{{ context.text.replace('a', 'aaaaaaaaaaaaaaaaaaaaa') }}",
    "{{ x|join(context.text) }}",
    "{{ context.text|list|length }}",
    "{{ context.text.split('a')|length }}",
    "{{ context.text|urlencode }}",
    "{{ context.rows|map('tojson')|map('tojson')|map('tojson')|join }}",
    "{{ x|truncate(10**9, 'a')|length }}",
    "{{ x|round(10**9) }}",
    "{{ 1|round(10**9) }}",
    "{{ '2025-01-01'|date('%1000000000d') }}",
    "{{ '2025-01-01'|date('%B' * 10**6) }}",
    "{{ '2025-01-01'|date('" + "%B" * 20_000 + "') }}",
    "{{ ('9' ~ x)|int }}{{ ('9' * 100000)|int }}",
    "{% set a = 'ab' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "{% set a = 'ab' %}" + "{% set a = a|replace('b', a) %}" * 60 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a == a }}",
    "{% set a = [1] %}" + "{% set a = a + a %}" * 60 + "{{ a|length }}",
    "{% set a = {'k': 1} %}" + "{% set a = {'k': a, 'j': a} %}" * 60 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a] %}" * 900 + "{{ a }}",
    "{% set a = 1 %}" + "{% set a = (a + 1) * (a + 1) %}" * 60 + "{{ a }}",
    "{% set a = 1.5 %}" + "{% set a = a ** 2 %}" * 60 + "{{ a }}",
    "{% for a in l %}" * 25 + "{% endfor %}" * 25,
    "{% if x %}" * 200 + "{% endif %}" * 200,
    "{{ " + "(" * 30_000 + " }}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ " + "[" * 60 + "x" + "]" * 60 + " }}",
    "{{ " + "[" * 90 + "x" + "]" * 90 + " }}",
    "{{ " + "not " * 15_000 + "x }}",
    "{{ " + "-" * 60_000 + "1 }}",
    "{{ x" + "|upper" * 9_000 + " }}",
    "{{ x" + "~x" * 30_000 + " }}",
    "{{ 1" + "+1" * 30_000 + " }}",
    "{{ x" + "<x" * 20_000 + " }}",
    "{{ x" + ".a" * 30_000 + " }}",
    "{{ x" + "[0]" * 20_000 + " }}",
    "{{ x" + " if x" * 10_000 + " }}",
    "{{ " + "9" * 60_000 + " }}",
    "{{ 1e999 }}",
    "{{ x }}" * 9_000,
    "{% if 1 %}" * 6_000,
    "{{" * 30_000,
    "{#" * 30_000,
    "{{" + " " * 60_000,
    "{%-" + " " * 60_000 + "-%}",
    "{{ '" + "\\" * 60_000 + "' }}",
    "{{ '" + "a" * 70_000 + "' }}",
]  # fmt: skip


@pytest.mark.parametrize("source", ESCAPES + BOMBS, ids=lambda source: source[:60])
@pytest.mark.timeout(20)
def test_a_hostile_template_ends_quickly_with_an_error_or_a_small_output(source: str) -> None:
    before = repr((DATA["params"], DATA["sip"]))
    started_s = time.thread_time()
    try:
        template = Template.parse(source)
        output = template.render(DATA, [])
        value = template.value(DATA, [])
    except ExpressionError as error:
        output, value = error.message, None
    used_s = time.thread_time() - started_s

    assert used_s < 2
    assert len(output.encode()) <= 64 * 1024
    assert isinstance(value, str | int | float | list | dict | None)
    for trace in ("<class", "<function", "<bound", "object at 0x", "<built-in", "<module", "Undefined", "root:"):
        assert trace not in output
    assert repr((DATA["params"], DATA["sip"])) == before


@pytest.mark.parametrize(
    "source",
    ["(" * 4000, "not " * 2000 + "x", "x" + " and x" * 1300, "''.__class__", "x.__globals__", "2**10**10 > 1", "self"],
    ids=lambda source: source[:60],
)
def test_a_hostile_condition_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        Condition.parse(source).holds(DATA, [])


def test_messages_do_not_repeat_what_is_endless() -> None:
    with pytest.raises(ExpressionError) as caught:
        Template.parse("{{ x | " + "a" * 60_000 + " }}")
    assert len(caught.value.message) < 200

    warnings: list[str] = []
    Template.parse("{{ " + "a" * 60_000 + " }}").value({}, warnings)
    assert len(warnings[0]) < 200
