"""Which names an expression wants from its scope."""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import meta, nodes

_STATEMENTS = (nodes.For, nodes.Assign, nodes.With)


@dataclass(frozen=True, slots=True)
class Chain:
    """``root.key[0]["other"]``: a name and the keys that follow it, all known from the source."""

    root: str
    keys: tuple[str | int, ...]

    @property
    def label(self) -> str:
        return self.root + "".join(label_of(key) for key in self.keys)

    @property
    def dotted(self) -> str:
        """The name as far as it can be written with dots alone."""
        names = [self.root]
        for key in self.keys:
            if not (isinstance(key, str) and key.isidentifier()):
                break
            names.append(key)
        return ".".join(names)


def label_of(key: str | int) -> str:
    if isinstance(key, str):
        return f".{key}" if key.isidentifier() else f'["{key}"]'
    return f"[{key}]"


def unwind(node: nodes.Node) -> tuple[nodes.Node, tuple[str | int, ...]]:
    """An expression without the static keys at its end, and these keys."""
    keys: list[str | int] = []
    while True:
        if isinstance(node, nodes.Getattr):
            keys.append(node.attr)
        elif (
            isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and type(node.arg.value) in (str, int)
        ):
            keys.append(node.arg.value)
        else:
            return node, tuple(reversed(keys))
        node = node.node


def chain_of(node: nodes.Node) -> Chain | None:
    """The expression as a chain, if it is nothing else."""
    inner, keys = unwind(node)
    return Chain(inner.name, keys) if isinstance(inner, nodes.Name) else None


def find_names(tree: nodes.Template) -> tuple[frozenset[str], frozenset[str]]:
    """Names that must exist, and names that the expression copes without."""
    finder = _Finder()
    finder.visit(tree, spared=False)
    free: set[str] = finder.roots
    if any(True for _ in tree.find_all(_STATEMENTS)):
        free = meta.find_undeclared_variables(tree)
    wanted = {name for name in finder.wanted if name.partition(".")[0] in free and not finder.is_asked_for(name)}
    every = {name for name in finder.wanted | finder.spared | finder.asked if name.partition(".")[0] in free}
    return frozenset(wanted), frozenset(every - wanted)


class _Finder:
    def __init__(self) -> None:
        self.wanted: set[str] = set()
        self.spared: set[str] = set()
        self.asked: set[str] = set()
        self.roots: set[str] = set()

    def visit(self, node: nodes.Node, *, spared: bool) -> None:
        chain = chain_of(node)
        if chain is not None:
            if not (isinstance(node, nodes.Name) and node.ctx != "load"):
                self.roots.add(chain.root)
                (self.spared if spared else self.wanted).add(chain.dotted)
            return
        if isinstance(node, nodes.Test) and node.name in ("defined", "undefined"):
            self._ask(node.node)
        if isinstance(node, nodes.Call):
            # Neither a method nor ``range`` is a name of the scope.
            children: list[nodes.Node] = [*node.args]
            if isinstance(node.node, nodes.Getattr):
                children.append(node.node.node)
        else:
            children = list(node.iter_child_nodes())
        for child in children:
            defaulted = isinstance(node, nodes.Filter) and node.name in ("default", "d") and child is node.node
            self.visit(child, spared=spared or defaulted)

    def _ask(self, node: nodes.Node) -> None:
        chain = chain_of(node)
        if chain is not None:
            self.asked.add(chain.dotted)

    def is_asked_for(self, name: str) -> bool:
        """Whether ``is defined`` is asked of the name, or of what it is in."""
        return any(name == asked or name.startswith(f"{asked}.") for asked in self.asked)
