from __future__ import annotations

import pytest

from actions.contract import JSON
from actions.expressions.errors import ExpressionError, ExpressionTimeout
from actions.expressions.paths import MISSING, Path
from actions.expressions.scope import Headers

# The example of RFC 9535, section 1.5.
STORE: JSON = {
    "store": {
        "book": [
            {"category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95},
            {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99},
            {
                "category": "fiction",
                "author": "Herman Melville",
                "title": "Moby Dick",
                "isbn": "0-553-21311-3",
                "price": 8.99,
            },
            {
                "category": "fiction",
                "author": "J. R. R. Tolkien",
                "title": "The Lord of the Rings",
                "isbn": "0-395-19395-8",
                "price": 22.99,
            },
        ],
        "bicycle": {"color": "red", "price": 399},
    }
}
BOOKS = STORE["store"]["book"]
AUTHORS = [book["author"] for book in BOOKS]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.store.book[*].author", AUTHORS),
        ("$..author", AUTHORS),
        ("$.store..price", [8.95, 12.99, 8.99, 22.99, 399]),
        ("$..book[2]", [BOOKS[2]]),
        ("$..book[-1].title", ["The Lord of the Rings"]),
        ("$..book[0,1]", BOOKS[:2]),
        ("$..book[:2]", BOOKS[:2]),
        ("$..book[?@.isbn].title", ["Moby Dick", "The Lord of the Rings"]),
        ("$..book[?@.price < 10].title", ["Sayings of the Century", "Moby Dick"]),
        ("$..book[?@.price < 10 && @.category == 'fiction'].title", ["Moby Dick"]),
        ("$..book[?length(@.title) == 9].title", ["Moby Dick"]),
        ("$..book[?match(@.author, '.*Waugh')].price", [12.99]),
        ("$..book[?search(@.title, 'o[fr]')].price", [8.95, 12.99, 22.99]),
        ("$..book[?search(@.title, '[.&&L]')].price", [22.99]),
        ("$..book[?match(@.title, @.title)].price", [8.95, 12.99, 8.99, 22.99]),
        ("$..book[?match(@.price, '8')]", []),
        ("$..book[?search(@.title, '(')]", []),
        ("$.store['bicycle'][\"color\"]", ["red"]),
        ("$.store.book[9]", []),
        ("$.store.book.title", []),
        ("$.store.bicycle.color[0]", []),
        ("$", [STORE]),
        # The short form.
        ("store.bicycle.color", ["red"]),
        ("store.book[1].title", ["Sword of Honour"]),
        ("store.book[*].author", AUTHORS),
        ("store.book[?@.price > 20].title", ["The Lord of the Rings"]),
    ],
)
def test_a_path_finds_what_rfc_9535_says(path: str, found: list[JSON]) -> None:
    compiled = Path.parse(path)

    assert compiled.all(STORE) == found
    assert compiled.first(STORE) == (found[0] if found else MISSING)


@pytest.mark.parametrize(
    ("path", "data", "found"),
    [
        ("[0].id", [{"id": 1}], 1),
        ("[-1]", [1, 2], 2),
        ("prénom", {"prénom": "Zoé"}, "Zoé"),
        ("_id", {"_id": 5}, 5),
        ("a", {"a": None}, None),
        ("a.b", {"a": None}, MISSING),
        ("a", None, MISSING),
        ("$['x-y']['']", {"x-y": {"": 1}}, 1),
        ("X_Customer_Id", Headers({"X-Customer-Id": "42"}), "42"),
    ],
)
def test_first_tells_null_from_nothing(path: str, data: JSON, found: JSON) -> None:
    assert Path.parse(path).first(data) == found


def test_first_takes_a_default() -> None:
    assert Path.parse("a.b").first({}, None) is None
    assert Path.parse("$..a").first({}, 5) == 5


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "The path is empty."),
        (" ", "The path is empty."),
        ("a.", "The path is not complete."),
        ("$.a[", "The path is not complete."),
        ("a b", "The path cannot be read from “b” on."),
        ("x-y", "The path cannot be read from “-y” on."),
        ("$.a[01]", "The path cannot be read from “01]” on."),
        ("$[?nope(@.a)]", "The path cannot be read from “nope(@.a)]” on."),
        ("$[?length(@.*) > 1]", "The path cannot be read from “length(@.*) > 1]” on."),
        ("a" * 2049, "The text is longer than 2048 bytes."),
        ("$[?" + "(" * 900 + "@.a" + ")" * 900 + "]", "The expression is nested too deeply."),
    ],
)
def test_a_mistake_is_explained(path: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Path.parse(path)

    assert caught.value.message == message


LONG = {"l": [{"a": "a" * 30 + "!", "n": n} for n in range(5000)], "pattern": "(a+)+b"}


@pytest.mark.parametrize(
    "path",
    [
        "$.l[?search(@.a, '(a+)+b')]",
        "$.l[?search(@.a, $.pattern)]",
        "$.l[?match(@.a, '(a|aa)+')]",
        "$.l[?$.l[?$.l[?@.nope]]]",
        "$.l[?$.l[?$.l[?1 == 2]]]",
        "$..[?$..*]",
    ],
)
@pytest.mark.timeout(10)
def test_a_search_without_end_is_stopped(path: str) -> None:
    with pytest.raises(ExpressionTimeout):
        Path.parse(path).all(LONG)


def test_data_too_deep_for_a_descent_is_refused() -> None:
    data: JSON = {}
    for _level in range(500):
        data = {"a": data}

    with pytest.raises(ExpressionError, match="nested too deeply"):
        Path.parse("$..b").all(data)


def test_an_answer_of_a_mebibyte_is_searched_in_time() -> None:
    data = {"customers": [{"id": n, "name": f"customer {n}", "tags": ["a", "b"]} for n in range(15_000)]}

    assert Path.parse("$.customers[?@.id == 14999].name").all(data) == ["customer 14999"]


def test_a_pattern_of_groups_within_groups_matches_nothing_and_costs_nothing() -> None:
    pattern = "(" * 40 + "a" + "+)" * 40
    assert Path.parse(f"$[?match(@.name, '{pattern}')]").all([{"name": "aaa"}]) == []
