"""Text on the screen is never read as markup: `x[@click=app.quit]` in a title must stay a title.

Textual's widgets parse `[...]` in every string they are given, unless told `markup=False` or given a `Content`.
"""

import ast

import pytest

from tests.hygiene.source import FILES, calls, tree

NEED_THE_SWITCH = {"Static", "Label", "notify"}
"""Must be told `markup=False`, even with a `Content`: what they are given later is parsed too."""
NEED_CONTENT = {
    "Option", "Button", "Tab", "TabPane", "Checkbox", "RadioButton", "Collapsible", "Tree", "DataTable", "Select",
    "Toast", "ToggleButton", "Digits", "Link",
}  # fmt: skip
"""Take no switch, or not for their label: what they show must be a `Content`."""
SAFE = {"Content", "Text", "Table"}
"""Types that hold text as it is."""
PARSED_ATTRIBUTES = {"border_title", "border_subtitle", "tooltip"}
TUI = [name for name in FILES if name.startswith("streamtui.tui")]


def called(node: ast.expr) -> str:
    """Return the last part of what is called: `Content` for `Content(…)` and for `Content.assemble(…)`."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    if isinstance(function, ast.Attribute):
        inner = function.value
        if isinstance(inner, ast.Name) and inner.id in SAFE and function.attr != "from_markup":
            return inner.id
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def safe_functions(module: str) -> set[str]:
    """Return the functions of a module that are annotated to return safe text."""
    functions = [node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef)]
    return {each.name for each in functions if isinstance(each.returns, ast.Name) and each.returns.id in SAFE}


def is_safe(node: ast.expr, module: str) -> bool:
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, str) or "[" not in node.value
    return called(node) in SAFE | safe_functions(module)


def switched_off(call: ast.Call) -> bool:
    return any(
        word.arg == "markup" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in call.keywords
    )


def place(module: str, node: ast.AST) -> str:
    return f"{module}:{getattr(node, 'lineno', '?')}"


def label_of(call: ast.Call) -> ast.expr | None:
    named = [word.value for word in call.keywords if word.arg in ("label", "prompt", "title", "content")]
    return call.args[0] if call.args else (named[0] if named else None)


def faults(module: str) -> list[str]:
    found: list[str] = []
    for call in calls(module):
        name = called(call)
        if name in NEED_THE_SWITCH and not switched_off(call):
            found.append(f"{place(module, call)}: {name} without markup=False")
        label = label_of(call)
        if name in NEED_CONTENT and label is not None and not is_safe(label, module):
            found.append(f"{place(module, call)}: {name} shows a string")
        if name in ("from_markup", "render_markup"):
            found.append(f"{place(module, call)}: reads markup")
    found += _subclasses(module) + _attributes(module)
    return found


def _subclasses(module: str) -> list[str]:
    """A class of ours over a widget that parses must say so once and for all."""
    found: list[str] = []
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.ClassDef):
            continue
        if {base.id for base in node.bases if isinstance(base, ast.Name)} & NEED_THE_SWITCH:
            made = [each for each in ast.walk(node) if isinstance(each, ast.Call) and called(each) == "__init__"]
            if not any(switched_off(each) for each in made):
                found.append(f"{place(module, node)}: {node.name} inherits the parsing of markup")
    return found


def _attributes(module: str) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            parsed = isinstance(target, ast.Attribute) and target.attr in PARSED_ATTRIBUTES
            if parsed and not is_safe(node.value, module):
                found.append(f"{place(module, node)}: {ast.unparse(target)} is a string")
    return found


@pytest.mark.parametrize("module", TUI)
def test_no_text_of_a_widget_is_read_as_markup(module: str) -> None:
    assert faults(module) == []


@pytest.mark.parametrize(
    "source",
    [
        "Static(text)",
        "Static(Content(text))",
        "Label(f'{title}')",
        "self.notify(str(error))",
        "app.notify(error, markup=True)",
        "Option(name)",
        "Option(self.row(each), id=each.id)",
        "Button('[b]yes')",
        "Button(label=text)",
        "self.border_title = title",
        "Content.from_markup(text)",
        "class Line(Static): pass",
    ],
)
def test_the_test_sees_what_it_looks_for(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.hygiene.test_markup.tree", lambda module: ast.parse(source))
    monkeypatch.setattr("tests.hygiene.source.tree", lambda module: ast.parse(source))

    assert len(faults("a.module")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "Static(text, markup=False)",
        "self.notify('done', markup=False)",
        "Option(Content(name), id=name)",
        "Option(Content.assemble(a, b))",
        "Button('Yes')",
        "self.border_title = Content(title)",
        "class Line(Static):\n    def __init__(self) -> None:\n        super().__init__(markup=False)",
        "def row(each) -> Content: ...\nOption(self.row(each))",
    ],
)
def test_the_test_lets_pass_what_is_safe(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.hygiene.test_markup.tree", lambda module: ast.parse(source))
    monkeypatch.setattr("tests.hygiene.source.tree", lambda module: ast.parse(source))

    assert faults("a.module") == []
