"""The workflow editor as somebody at a screen uses it: by mouse, or by keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from scripts.chromium import find

CHROMIUM = find()
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
EMAIL, PASSWORD = "ada@lac.example", "un cheval correct"


@dataclass
class Editor:
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def log_in(self, email: str = EMAIL) -> None:
        self.page.goto(f"{self.url}/admin/")
        self.page.locator("#id_username").fill(email)
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.locator("#login-form button[type=submit]").click()
        expect(self.page.locator("#nav-sidebar")).to_be_visible()

    def open(self, workflow: int | None = None) -> None:
        place = "add" if workflow is None else f"{workflow}/change"
        self.page.goto(f"{self.url}/admin/workflows/workflow/{place}/")
        expect(self.page.locator(".react-flow__node").first).to_be_visible()

    # --- by mouse ---

    def drag_kind(self, kind: str, x: int, y: int) -> None:
        """From the palette to a place on the canvas, in pixels from its corner."""
        target = self.page.locator(".ed-canvas .react-flow__pane")
        self.page.locator(f".ed-kind[data-kind={kind}]").drag_to(target, target_position={"x": x, "y": y})

    def node(self, text: str) -> Locator:
        return self.page.locator(".react-flow__node").filter(has_text=text)

    def connect(self, source: Locator, target: Locator, output: str = "") -> None:
        """Drag from a way out to the way in of another step; ``output`` is the label of the way out."""
        handle = source.locator(".ed-node-outputs > div").filter(has_text=output) if output else source
        _drag(self.page, handle.locator(".react-flow__handle.source"), target.locator(".react-flow__handle.target"))

    def close_panel(self) -> None:
        self.page.locator(".ed-panel-head button").last.click()

    # --- the panel ---

    def field(self, name: str) -> Locator:
        return self.page.locator(f".ed-panel [data-field={name}]")

    def title(self, text: str) -> None:
        self.field("title").locator("input").fill(text)

    def add_row(self, name: str) -> Locator:
        """The last row of a setting that is made of rows, after one was added."""
        self.field(name).locator(".ed-link").last.click()
        return self.field(name).locator(".ed-row").last

    def pair(self, name: str, key: str, value: str) -> None:
        inputs = self.add_row(name).locator("input")
        inputs.first.fill(key)
        inputs.last.fill(value)
        inputs.last.press("Escape")

    # --- saving ---

    def save(self) -> None:
        self.page.locator(".ed-save .ed-primary").click()

    def expect_errors(self, count: int) -> None:
        button = self.page.locator(".ed-errors-button")
        if count:
            expect(button).to_contain_text(str(count))
        else:
            expect(button).not_to_have_class("ed-button ed-errors-button ed-has-errors")

    def graph(self, api: Any, name: str) -> dict[str, Any]:
        found = api.get("workflows", params={"name": name}).raise_for_status().json()
        rows = found["results"] if isinstance(found, dict) else found
        graph: dict[str, Any] = rows[0]["graph"]
        return graph


def _drag(page: Page, source: Locator, target: Locator) -> None:
    start, end = source.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move((start["x"] + end["x"]) / 2, (start["y"] + end["y"]) / 2, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=4)
    page.mouse.up()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def editor_in(browser: Browser, url: str, language: str = "fr", **options: Any) -> Editor:
    """A session of its own; what the page complains of is collected."""
    context = browser.new_context(locale=language, viewport={"width": 1760, "height": 1000}, **options)
    page = context.new_page()
    page.set_default_timeout(10_000)
    editor = Editor(page, url)
    page.on("pageerror", lambda error: editor.complaints.append(str(error)))
    page.on("console", lambda line: editor.complaints.append(line.text) if line.type == "error" else None)
    return editor


def as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
