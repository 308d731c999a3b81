import { expect, test } from "vitest";
import { completed, matching, placeAt } from "./complete";
import { slug, textOf, valueOf } from "./values";

test("two braces open the list of names, in braces only", () => {
  expect(placeAt("Hello {{ na", 11, false)).toEqual({ from: 9, typed: "na" });
  expect(placeAt("Hello {{", 8, false)).toEqual({ from: 8, typed: "" });
  expect(placeAt("Hello na", 8, false)).toBeNull();
  expect(placeAt("{{ a }} na", 10, false)).toBeNull();
  expect(placeAt("tier == ", 8, true)).toEqual({ from: 8, typed: "" });
  expect(placeAt('tier == "go', 11, true)).toBeNull();
});

test("a name in a string of JSON is completed, too", () => {
  expect(placeAt('{"a": "{{ na', 12, false)).toEqual({ from: 10, typed: "na" });
});

test("a chosen name closes its braces once", () => {
  expect(completed("{{", { from: 2, typed: "" }, 2, "tier", false)).toEqual({ text: "{{ tier }}", cursor: 10 });
  expect(completed("{{ ti }}", { from: 3, typed: "ti" }, 5, "tier", false).text).toBe("{{ tier }}");
});

test("names that begin with what is typed come first", () => {
  const names = ["system.phone", "phone"].map((name) => ({ name, origin: "call" }));
  expect(matching(names, "pho").map((variable) => variable.name)).toEqual(["phone", "system.phone"]);
});

test("typed values keep their types, both ways", () => {
  for (const value of [true, 3, null, "text", "3", "true", "{{ x }}", ["a"], { a: 1 }]) {
    if (value !== null) expect(valueOf(textOf(value))).toEqual(value);
  }
  expect(valueOf("0612345678")).toBe("0612345678");
});

test("a case is called after its title", () => {
  expect(slug("Client privilégié ?")).toBe("client-privilegie");
});
