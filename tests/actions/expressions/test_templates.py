from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.contract import JSON
from actions.expressions.errors import ExpressionError, ExpressionTooLarge
from actions.expressions.templates import Template, compile_json

Names = Mapping[str, JSON]

VALUES = [
    # A lone expression keeps its type.
    ("{{ count }}", 3),
    ("  {{ count }}\n", 3),
    ("{# why #}{{ count }}", 3),
    ("{{ vip }}", True),
    ("{{ nothing }}", None),
    ("{{ empty }}", []),
    ("{{ orders[0].id }}", 1),
    ("{{ orders.0.id }}", 1),
    ("{{ orders[-1]['title'] }}", "Milk"),
    ("{{ orders[count - 2].title }}", "coffee"),
    ("{{ count > 2 }}", True),
    ("{{ 1 < count <= 3 }}", True),
    ("{{ 3 < count < 1 / 0 if false else 5 }}", 5),
    ("{{ (1, 'a', nothing) }}", [1, "a", None]),
    ("{{ {'n': count, 'l': [vip]} }}", {"n": 3, "l": [True]}),
    ("{{ range(2, 8, 3) }}", [2, 5]),
    ("{{ 'yes' if vip else 'no' }}", "yes"),
    ("{{ 'yes' if not vip }}", None),
    ("{{ 'a' ~ 1 ~ true ~ nothing }}", "a1true"),
    ("{{ 'abcdef'[1:4] }}", "bcd"),
    ("{{ 7 // 2 + 7 % 2 * 2 ** 3 - -1 }}", 12),
    ("{{ [1] + [2] }}", [1, 2]),
    ("{{ nothing + 1 }}", None),
    ("{{ result | default('free') }}", "free"),
    # Anything else is text, and text shows JSON.
    ("{{ count }}{{ count }}", "33"),
    ("n={{ count }}", "n=3"),
    ("{{ vip }} {{ orders[0].price }} {{ empty }} {{ contact }}", 'true 2.5 [] {"name": "Zoé Martin", "email": null}'),
    ("{% if vip %}VIP{% else %}-{% endif %}", "VIP"),
    (
        "{% for o in orders if o.open %}{{ loop.index }}/{{ loop.length }} {{ o.title }};{% endfor %}",
        "1/2 Tea;2/2 Milk;",
    ),
    ("{% for o in orders %}{{ loop.previtem.id | default('-') }}{% endfor %}", "-12"),
    ("{% for x in empty %}x{% else %}none{% endfor %}", "none"),
    ("{% for key, value in context.shop.items() %}{{ key }} {% endfor %}", "id _ref __typename items "),
    ("{% for letter in 'abc' %}{{ letter }}.{% endfor %}", "a.b.c."),
    ("{% set name = firstName %}{{ name }}!", "Zoé!"),
    ("{% with n = count + 1 %}{{ n }}{% endwith %}", "4"),
    ("{% raw %}{{ not me }}{% endraw %}", "{{ not me }}"),
    ("a {{- count -}} b", "a3b"),
    # Data goes before methods.
    ("{{ context.shop.items[0] }}", "tea"),
    ("{{ context.shop._ref }}", "r7"),
    ("{{ context.shop.get('id') }}", 7),
    ("{{ firstName.upper().startswith('Z') }}", True),
    ("{{ 'a,b'.split(',') }}", ["a", "b"]),
    ("{{ sip['x-customer-id'] }}", "42"),
    ("{{ sip.X_Customer_Id }}", "42"),
    ("{{ params.tier }} {{ tier }}", "gold silver"),
    ("{{ system }}", {"callId": "c-1", "agentId": "lac", "now": "2025-11-20T09:05:00+01:00", "dayOfWeek": "Thursday"}),
]


@pytest.mark.parametrize(("source", "expected"), VALUES)
def test_a_template_has_the_value_that_it_says(source: str, expected: JSON, names: Names) -> None:
    value = Template.parse(source).value(names, [])

    assert (value, type(value)) == (expected, type(expected))


WARNINGS = [
    ("{{ missing }}", None, ["“missing” is unknown."]),
    ("{{ missing.deeper.still }}", None, ["“missing.deeper.still” is unknown."]),
    ("{{ contact.phone }}", None, ["“contact.phone” is unknown."]),
    ("{{ orders[9].id }}", None, ["“orders[9].id” is unknown."]),
    ("{{ sip['x-none'] }}", None, ['“sip["x-none"]” is unknown.']),
    ("{{ orders[missing].id }}", None, ["“missing” is unknown.", "“orders[…].id” is unknown."]),
    ("[{{ missing }}]", "[]", ["“missing” is unknown."]),
    ("[{{ missing }}{{ missing }}{{ other }}]", "[]", ["“missing” is unknown.", "“other” is unknown."]),
    ("[{{ nothing }}]", "[]", ["“nothing” is empty (null)."]),
    ("[{{ contact.email | upper }}]", "[]", ["“contact.email” is empty (null)."]),
    ("{{ missing | default(5) }}", 5, []),
    ("{{ nothing | default(5) }}", 5, []),
    ("{{ missing.deeper | d('x') | upper }}", "X", []),
    ("{{ missing | upper | default('x') }}", "x", []),
    ("{{ (missing + 1) * 2 | default(1) }}", None, ["“missing” is unknown."]),
    ("{{ missing is defined }}", False, []),
    ("{{ missing is undefined }}", True, []),
    ("{{ missing or 'x' }}", "x", ["“missing” is unknown."]),
    ("{{ missing | upper }}", None, ["“missing” is unknown."]),
    ("{{ missing.strip() }}", None, ["“missing” is unknown."]),
    ("{{ 'a' | replace('a', missing) }}", None, ["“missing” is unknown."]),
    ("{{ [missing, 1] }}", [None, 1], ["“missing” is unknown."]),
    ("{{ missing[1:] }}", None, ["“missing” is unknown."]),
    ('{"name": {{ missing | tojson }}}', '{"name": null}', ["“missing” is unknown."]),
    ("{% for x in missing %}x{% endfor %}", "", ["“missing” is unknown."]),
    ("{% for x in nothing %}x{% endfor %}", "", ["“nothing” is empty (null)."]),
    ("{% for o in orders %}{{ o.nope }}{% endfor %}", "", ["“o.nope” is unknown."]),
    ("{{ firstName.upper }}", None, ["“firstName.upper” is unknown."]),
    ("{{ empty | first }}", None, ["A list is empty where its first, last, smallest or largest element is wanted."]),
]


@pytest.mark.parametrize(("source", "expected", "warned"), WARNINGS)
def test_what_is_unknown_or_null_warns_once(source: str, expected: JSON, warned: list[str], names: Names) -> None:
    warnings: list[str] = []

    assert Template.parse(source).value(names, warnings) == expected
    assert warnings == warned


def test_warnings_of_several_templates_are_collected_without_repetition(names: Names) -> None:
    warnings = ["earlier"]
    for source in ("{{ missing }}", "text {{ missing }}", "{% if missing %}{% endif %}"):
        Template.parse(source).render(names, warnings)

    assert warnings == ["earlier", "“missing” is unknown."]


UNREADABLE = [
    ("{{ a", "The expression is not complete.", 1),
    ("one\n{{ a b }}", "“b” is not expected here.", 2),
    ("{{ a = 1 }}", "“=” cannot be used here. To compare, write “==”.", 1),
    ("{{ a && b }}", "Write “and”, “or”, “not” instead of “&&”, “||”, “!”.", 1),
    ("{{ a ; b }}", "“;” is not expected here.", 1),
    ("{% if a %}", "“{% if %}” is not closed: “{% endif %}” is missing.", 1),
    ("{# a", "A block is not closed.", 1),
    ("{% nope %}", "“{% nope %}” cannot be used here.", 1),
    ("{{ a | uper }}", "There is no filter “uper”. Did you mean “upper”?", 1),
    ("{{ a | attr('b') }}", "There is no filter “attr”.", 1),
    ("{{ a is zzz }}", "There is no test “is zzz”.", 1),
    ("{{ a | join(1, 2, 3) }}", "“join” does not take these arguments.", 1),
    ("{{ a | upper(x=1) }}", "“upper” does not take these arguments.", 1),
    ("{{ 'a }}", "A quotation mark is missing.", 1),
    ("{{ f() }}", "“f()” cannot be called.", 1),
    ("{{ a.format(1) }}", "“format()” cannot be called.", 1),
    ("{{ a }" + "\ud800}}", "The text contains a broken character.", None),
    ("{{ '\\ud800' }}", "The text contains a broken character.", None),
    ("{{ 1e999 }}", "A number is too large.", 1),
    ("x" * 65537, "The text is longer than 65536 bytes.", None),
]


@pytest.mark.parametrize(("source", "message", "line"), UNREADABLE)
def test_a_mistake_is_explained_with_its_line(source: str, message: str, line: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        Template.parse(source)

    assert (caught.value.message, caught.value.line) == (message, line)


IMPOSSIBLE = [
    ("a\n{{ 1 / 0 }}b", "A number is divided by zero.", 2),
    ("{{ 'a' + 1 }}", "“+” does not work between text and a number.", 1),
    ("{{ -firstName }}", "“-” does not work on text.", 1),
    ("{{ count | join }}", "The filter “join” cannot be used on a number like this.", 1),
    ("{{ count.upper() }}", "“.upper()” cannot be called on a number.", 1),
    ("{{ firstName.split('') }}", "“.split()” cannot take these arguments.", 1),
    ("{{ contact[1:] }}", "A piece “[from:to]” cannot be taken of an object.", 1),
    ("{% for x in count %}{% endfor %}", "A loop cannot go over a number.", 1),
    ("{% for x in empty %}{{ loop }}{% endfor %}{% for x in orders %}{{ loop }}{% endfor %}",
     "The result is not a value that can be kept or sent.", 1),
    ("{{ system.now | date('%Q') }}", "“%Q” is not a code of the filter “date”.", 1),
]  # fmt: skip


@pytest.mark.parametrize(("source", "message", "line"), IMPOSSIBLE)
def test_what_cannot_be_worked_out_is_explained_with_its_line(
    source: str, message: str, line: int, names: Names
) -> None:
    with pytest.raises(ExpressionError) as caught:
        Template.parse(source).value(names, [])

    assert (caught.value.message, caught.value.line) == (message, line)


NAMES = [
    ("plain", set(), set()),
    (
        "{{ interaction.SUMMARY }} {{ firstName | upper }} {{ sip['x-id'] }}",
        {"interaction.SUMMARY", "firstName", "sip"},
        set(),
    ),
    ("{{ interaction['SUMMARY'].strip() }} {{ orders[0].id }}", {"interaction.SUMMARY", "orders"}, set()),
    ("{% for o in orders %}{{ o.id }}{{ loop.index }}{{ x }}{% endfor %}", {"orders", "x"}, set()),
    ("{% set a = b.c %}{{ a }}{{ range(n) }}", {"b.c", "n"}, set()),
    ("{{ a | default(b) }} {{ c.d | upper | default('') }}", {"b"}, {"a", "c.d"}),
    ("{% if a is defined %}{{ a.b }}{% endif %}", set(), {"a", "a.b"}),
    ("{{ a | default(1) }} {{ a }}", {"a"}, set()),
    ("{{ a[b].c }}", {"a", "b"}, set()),
]


@pytest.mark.parametrize(("source", "wanted", "optional"), NAMES)
def test_a_template_knows_the_names_it_needs_and_those_it_can_do_without(
    source: str, wanted: set[str], optional: set[str]
) -> None:
    template = Template.parse(source)

    assert (template.names, template.optional) == (wanted, optional)


@settings(deadline=None)
@given(st.text())
def test_text_without_syntax_renders_to_itself(text: str) -> None:
    if any(mark in text for mark in ("{{", "{%", "{#")):
        return
    if any("\ud800" <= character <= "\udfff" for character in text):
        with pytest.raises(ExpressionError):
            Template.parse(text)
        return
    template = Template.parse(text)

    assert template.is_plain
    assert template.render({}, []) == template.value({}, []) == text


_PIECES = st.sampled_from(
    [
        *("{{ ", " }}", "{% if ", "{% for x in ", " %}", "{% endif %}", "{% endfor %}", "{% set y = ", "{#", "#}"),
        *("a", "b.c", "d[0]", "x", "1", "2.5", "'t'", "[", "]", "(", ")", "{", "}", ":", ",", "~", "+", "-", "*"),
        *("/", "%", "**", "//", " == ", " < ", " in ", " not ", " and ", " or ", " if ", " else ", " is ", "|", "."),
        *("default", "upper", "join", "first", "items", "get", "defined", "map", "int", "\n", "é"),
    ]
)
_DATA = {"a": [1, "x", None, {"b": 2}], "b": {"c": {"d": 1}}, "d": ["text"], "x": 3}


@settings(deadline=None)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_whatever_is_written_either_works_or_is_explained(source: str) -> None:
    for wrapped in (source, f"{{{{ {source} }}}}"):
        try:
            template = Template.parse(wrapped)
            template.value(_DATA, [])
            assert isinstance(template.render(_DATA, []), str)
        except ExpressionError:
            continue


def test_html_escapes_values_but_not_the_text_around_them(names: Names) -> None:
    for source, expected in [
        ("<i>{{ tag }}</i>", "<i>&lt;b&gt;&amp;</i>"),
        ("{{ tag }}", "&lt;b&gt;&amp;"),
        ("<i>{{ tag ~ '<' }}{{ [tag] }}</i>", "<i>&lt;b&gt;&amp;&lt;[&quot;&lt;b&gt;&amp;&quot;]</i>"),
        ("{% if vip %}<p>{{ tag | upper }}</p>{% endif %}", "<p>&lt;B&gt;&amp;</p>"),
    ]:
        template = Template.parse(source, escape="html")
        assert template.render(names, []) == template.value(names, []) == expected

    assert Template.parse("{{ tag }}").render(names, []) == "<b>&"


def test_an_output_is_bounded_in_bytes_and_the_bound_is_a_parameter(names: Names) -> None:
    for source in ("é{{ firstName }}", "{% if vip %}é{{ firstName }}{% endif %}", "{{ 'é' ~ firstName }}"):
        template = Template.parse(source)
        assert template.render(names, [], max_bytes=6) == "éZoé"
        with pytest.raises(ExpressionTooLarge):
            template.render(names, [], max_bytes=5)


def test_a_value_of_the_scope_passes_whole_whatever_its_size() -> None:
    transcript = "a" * 1_000_000

    assert (
        Template.parse("{{ interaction.TRANSCRIPT }}").value({"interaction": {"TRANSCRIPT": transcript}}, [])
        == transcript
    )


@pytest.mark.parametrize(
    "source", ["{{ orders[0].id }} {{ vip }}", "{{ lost.a }}, {{ nothing }}", "{{ orders.0.price }}"]
)
def test_the_short_way_of_simple_templates_leads_to_the_same_text(source: str, names: Names) -> None:
    short: list[str] = []
    long: list[str] = []

    rendered = Template.parse(source).render(names, short)
    assert rendered == Template.parse(f"{{% if true %}}{source}{{% endif %}}").render(names, long)
    assert short == long


def test_templates_are_parsed_once(names: Names) -> None:
    assert Template.parse("{{ firstName }}") is Template.parse("{{ firstName }}")
    assert Template.parse("{{ firstName }}", escape="html") is not Template.parse("{{ firstName }}")


def test_one_template_serves_many_threads_at_once() -> None:
    template = Template.parse("{% for i in range(50) %}{{ who ~ i }} {{ lost }}{% endfor %}")
    found: dict[int, tuple[str, list[str]]] = {}

    def render(who: int) -> None:
        # A new thread starts in the project's default language.
        with translation.override("en"):
            for _turn in range(20):
                warnings: list[str] = []
                found[who] = (template.render({"who": who}, warnings), warnings)

    threads = [threading.Thread(target=render, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {who: ("".join(f"{who}{i} " for i in range(50)), ["“lost” is unknown."]) for who in range(8)}


def test_json_is_filled_in_with_types_kept(names: Names) -> None:
    compiled = compile_json(
        {"id": "{{ count }}", "{{ key }}": ["Hello {{ firstName }}", "{{ lost }}", 1, None, "plain"]}
    )
    warnings: list[str] = []

    assert compiled.value(names, warnings) == {"id": 3, "{{ key }}": ["Hello Zoé", None, 1, None, "plain"]}
    assert warnings == ["“lost” is unknown."]
    assert compiled.names == {"count", "firstName", "lost"}


def test_filled_json_is_new_each_time(names: Names) -> None:
    compiled = compile_json({"list": ["a"]})
    compiled.value(names, [])["list"].append("b")

    assert compiled.value(names, []) == {"list": ["a"]}


def test_a_mistake_in_json_says_where() -> None:
    with pytest.raises(ExpressionError, match=r"^At \$\.a\[1\]\.b: The expression is not complete\.$"):
        compile_json({"a": [1, {"b": "{{ x"}]})


def test_json_that_refers_to_itself_is_refused() -> None:
    loop: list[JSON] = []
    loop.append(loop)
    with pytest.raises(ExpressionTooLarge):
        compile_json(loop)


def test_all_strings_of_a_json_share_one_budget() -> None:
    turns = "{% for i in range(1000) %}{% endfor %}"
    assert compile_json([turns] * 10).value({}, []) == [""] * 10
    with pytest.raises(ExpressionError, match="more than 10000 times"):
        compile_json([turns] * 11).value({}, [])
