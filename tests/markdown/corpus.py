"""Random Markdown of every shape, by seed; shared by the property tests and the benchmarks."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Iterator

_WORDS = [
    "the",
    "parser",
    "keeps",
    "its",
    "state",
    "between",
    "frames",
    "and",
    "only",
    "the",
    "last",
    "block",
    "is",
    "read",
    "again",
    "when",
    "tokens",
    "arrive",
    "so",
    "a",
    "reader",
    "sees",
    "thirty",
    "frames",
    "a",
    "second",
    "at",
    "most",
    ",",
    "latency",
    "matters",
    "more",
    "than",
    "throughput",
    "here",
    ".",
    "snake_case_name",
    "__init__",
]
_MARKUP = [
    "**bold words**",
    "*em*",
    "`code`",
    "`a | b`",
    "~~gone~~",
    "[link](https://example.com/a?b=c)",
    "[^1]",
    "**a *b* c**",
    "https://auto.example.org/x_y",
    "<https://angle.example>",
    "***both***",
    "2*3*4",
    "[ref one]",
    "[text][ref two]",
    "![alt](https://img.example/p.png)",
    "&amp; &copy;",
    "\\* \\[no\\]",
    "Vec<String>",
    "<b>tag</b>",
    "[local](docs/a.md)",
    "user@example.com",
    "`` x ` y ``",
    "[Ref *three*]",
    "_em_",
]
_WIDE = [
    "流式渲染需要保持增量更新，",
    "避免每次都重新解析整个文档。",
    "🚀",
    "👩‍💻",
    "é",
    "e\u0301",
    "❤️",
    "한국어",
    "ｗｉｄｅ",
    "✨!",
]
_BROKEN = [
    "**",
    "*",
    "_",
    "`",
    "``",
    "[",
    "](",
    "![",
    "<",
    "~~",
    "](x",
    "\\",
    "|",
    "[^",
    "&#27;",
    "***",
    "[ref one",
    "\t",
]
CODE = {
    "python": [
        "def f(x: int = {n}) -> str:",
        '    """Doc {n}',
        'more "quoted" text',
        '    """',
        '    return f"{{x!r}} {n}"  # hm',
        "@deco",
    ],
    "js": [
        "const a{n} = `line {n}",
        "  ${{b}} more`;",
        "/* open {n}",
        " close */ let x = /re+/g;",
        "function f() {{ return {n} }}",
    ],
    "ts": ["interface A{n} {{ b?: string }}", "type T = `x${{string}}`;", "let a: number = {n}; // c"],
    "go": ["func main() {{", "\ts := `raw {n}", "end`", "\treturn {n} /* c */", "}}"],
    "rust": [
        "fn f<'a>(x: &'a str) -> Vec<String> {{",
        '    let s = r#"raw {n}',
        '"#;',
        "    /* a /* nested */ b */",
        "}}",
    ],
    "java": ["class A{n} {{", "  /** doc", "   * more */ int x = {n};", '  String s = """', '   text""";', "}}"],
    "c": [
        "#include <stdio.h>",
        "#define X(a) \\",
        "  (a + {n})",
        "size_t f(int a) {{ /* c",
        " still */ return {n}; }}",
        "// end",
    ],
    "cpp": ["template <typename T> std::vector<T> f{n}();", 'auto s = R"(raw {n}', ')";', "#if 0", "dead", "#endif"],
    "json": ['{{"a{n}": [1, {n}, "x"],', ' "b":', '  {{"c": null, "d": true}}}}', "// no"],
    "yaml": ["key{n}: value", "list:", "  - a: {n}", "text: |", "  block {n}", "  more", "# comment", "- &x 'q'"],
    "ruby": ["def f{n}", "  x = <<~EOS", "    here {n} #{{y}}", "  EOS", "end", "=begin", "doc", "=end"],
    "bash": ["cat <<EOF", "here $x {n}", "EOF", 'echo "a', 'b $(ls)" # c', "for i in 1 {n}; do", "done"],
    "html": [
        "<div class='a{n}'>",
        "<!-- open",
        "close -->",
        "<script>let a = {n};",
        "</script>",
        "<style>b {{ c: d }}</style>",
    ],
    "css": ["a{n} {{ color: #fff; }}", "/* c", "c */ .b::after {{ content: 'x' }}", "@media x {{"],
    "sql": ["SELECT a{n} FROM b -- c", "WHERE x = 'str", "more' AND y > {n};", "/* c", "*/"],
    "toml": ["[table{n}]", 'a = """', "multi {n}", '"""', "b = [1, {n}] # c"],
    "diff": ["--- a/x", "+++ b/x", "@@ -1,{n} +1 @@", "-gone {n}", "+come", " same"],
    "markdown": ["# Title {n}", "text **b**", "- item", "> quote", "    code"],
    "console": ["$ ls -l {n}", "total {n}", "$ cat <<X", "> more", "X"],
    "php": ["$a = 'x{n}';", "/* c", "*/ echo <<<EOT", "here {n}", "EOT;"],
    "kotlin": ["fun f() = {n}", 'val s = """', 'raw ${{x}}"""'],
    "": ["plain text {n}", "<b>"],
    "nonsense": ["who knows {n}"],
}
_LONG_LINE = "x" * 300 + " = 1\tafter"


def prose(rng: random.Random, words: int, *, wild: float = 0.08) -> str:
    """Return words, some wide, some of them markup that never closes."""
    out = []
    for _ in range(words):
        dice = rng.random()
        if dice < wild:
            out.append(rng.choice(_BROKEN))
        elif dice < wild * 2:
            out.append(rng.choice(_WIDE))
        elif dice > 0.9:
            out.append(rng.choice(_MARKUP))
        else:
            out.append(rng.choice(_WORDS))
    return " ".join(out)


def code(rng: random.Random, lines: int, language: str | None = None) -> list[str]:
    """Return lines of code, with strings and comments over several lines."""
    name = rng.choice(list(CODE)) if language is None else language
    pool = CODE[name]
    out = []
    at = rng.randrange(len(pool))
    for number in range(lines):
        dice = rng.random()
        if dice < 0.04:
            out.append("")
        elif dice < 0.06:
            out.append(_LONG_LINE)
        else:
            at = (at + 1) % len(pool) if dice < 0.8 else rng.randrange(len(pool))
            out.append(pool[at].format(n=number))
    return out


def fence(rng: random.Random, lines: int, language: str | None = None) -> list[str]:
    """Return a fenced code block; now and then it never closes."""
    name = rng.choice(list(CODE)) if language is None else language
    mark = rng.choice(["```", "```", "```", "~~~", "````"])
    out = [mark + name, *code(rng, lines, name)]
    return out if rng.random() < 0.05 else [*out, mark]


def table(rng: random.Random, rows: int, columns: int) -> list[str]:
    """Return a table with cells of all kinds, some rows short, some long."""

    def row(cells: int) -> str:
        return (
            "| "
            + " | ".join(prose(rng, rng.randrange(0, 4), wild=0.03).replace("|", "\\|") for _ in range(cells))
            + " |"
        )

    marks = [rng.choice(["---", ":--", "--:", ":-:", "-"]) for _ in range(columns)]
    out = [row(columns), "|" + "|".join(marks) + "|"]
    return out + [row(max(1, columns + rng.choice([0, 0, 0, -1, 1]))) for _ in range(rows)]


def block(rng: random.Random, depth: int = 0) -> list[str]:
    """Return the lines of one block, containers with blocks inside included."""
    kind = rng.randrange(16 if depth < 3 else 8)
    if kind == 0:
        return ["#" * rng.randrange(1, 8) + " " + prose(rng, 5) + rng.choice(["", " ##"])]
    if kind == 1:
        return [prose(rng, 6), rng.choice(["---", "===", "=", "-- "])]
    if kind == 2:
        return fence(rng, rng.choice([0, 1, 3, 8, 90 if depth == 0 and rng.random() < 0.2 else 5]))
    if kind == 3:
        return table(rng, rng.choice([0, 1, 3, 40 if depth == 0 and rng.random() < 0.3 else 4]), rng.randrange(1, 6))
    if kind == 4:
        return [
            rng.choice(["---", "* * *", "    indented code", "\tindented", "[^1]: note " + prose(rng, 4), "", "<div>"])
        ]
    if kind == 5:
        return [f"[ref {rng.choice(['one', 'two', 'three'])}]: https://ref.example/{rng.randrange(9)} 'title'"]
    if kind < 8:
        return [prose(rng, rng.randrange(1, 12)) for _ in range(rng.randrange(1, 4))]
    if kind == 8 and depth == 0 and rng.random() < 0.3:
        return [prose(rng, rng.randrange(300, 900))]
    if kind < 11:
        return ["> " * (rng.random() < 0.9) + line for line in blocks(rng, rng.randrange(1, 3), depth + 1)]
    return _list(rng, depth)


def _list(rng: random.Random, depth: int) -> list[str]:
    out = []
    loose = rng.random() < 0.3
    ordered = rng.random() < 0.4
    for number in range(rng.randrange(1, 4)):
        marker = f"{number + 1}. " if ordered else rng.choice(["- ", "- ", "- ", "* ", "-   "])
        inner = blocks(rng, rng.choice([1, 1, 2]), depth + 1)
        if rng.random() < 0.2:
            inner[0] = rng.choice(["[ ] ", "[x] "]) + inner[0]
        pad = " " * len(marker)
        out += [(marker if not index else pad if line else "") + line for index, line in enumerate(inner)]
        if loose:
            out.append("")
    return out


def blocks(rng: random.Random, count: int, depth: int = 0) -> list[str]:
    """Return the lines of some blocks, mostly with blank lines between."""
    out: list[str] = []
    for _ in range(count):
        if out and rng.random() < 0.75:
            out.append("")
        out += block(rng, depth)
    return out or [""]


def document(seed: int, size: int = 6) -> str:
    """Return a random document of up to twice `size` blocks; the same for the same seed."""
    rng = random.Random(seed)
    text = "\n".join(blocks(rng, rng.randrange(1, size * 2)))
    if rng.random() < 0.3:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice([*_BROKEN, "\n", "\n\n", "```", "\x1b[31m", "\u202e"]) + text[at:]
    return text + rng.choice(["", "\n", "\n\n"])


_REPLY_PARTS = [
    "\\[\nE\n=\nmc^2\n\\]",
    "$$\nf(x)\n=\n- 2 *a*\n$$",
    "Then $$\n\\frac{a}{b}\n",
    "\\begin{aligned}\na &= b \\\\\n- c\n\\end{aligned}",
    "It is \\(x_1*y_2*z\\), $a*b*c$, $5 or $10, \\[sic\\].",
    "[Answer]: 42\n[B]: c d",
    "[1]: https://a.example/x\n[2]: https://b.example\n- x [1]",
    "--- a/x\n+++ b/x\n@@ -1 +1 @@\n- a\n+ *b*",
    "12. a\n45. b\n1. c",
    "1. a\n1. b\n\n1. c\n2. d",
    "C:\\App\\_data, ^\\d+\\.\\d+$, src/**/*.ts and test/*.py, 5*3*2 __init__",
    "project/\n├── src/\n│   └── main.py",
    '{\n  "a": [\n    1\n  ]\n}',
    "| a | b |\n|---|---|\n| `x || y` | 1<br>2 | more | and more |",
    "**注意：**请看https://example.com/a，谢谢。这是**「重点」**内容",
    "[![Build](https://img.x/b.svg)](https://ci.x/p) [](https://a.b) <a href='*'>*b*</a>",
    "[^1]: a note\n\n    its second paragraph",
    "| head " * 9 + "|\n" + "|-" * 9 + "|\n" + "| long cell " * 200,
]


def reply(seed: int) -> str:
    """Return a random document with what models write between and within its blocks."""
    rng = random.Random(seed)
    lines = document(seed, 3).split("\n")
    for _ in range(rng.randrange(1, 6)):
        part = rng.choice(_REPLY_PARTS) if rng.random() < 0.7 else wrapped_prose(rng)
        margin = rng.choice(["", "", "", "> ", "  ", "- "])
        at = rng.randrange(len(lines) + 1)
        lines[at:at] = [
            rng.choice(["", "text"]),
            *(margin + line for line in part.split("\n")),
            rng.choice(["", "end"]),
        ]
    return "\n".join(lines)


def wrapped_prose(rng: random.Random) -> str:
    """Return prose that was wrapped at a column, sometimes longer than a piece of a paragraph."""
    return textwrap.fill(prose(rng, rng.choice([20, 60, 500]), wild=0.005), rng.choice([60, 72, 80, 100]))


def pieces(text: str, rng: random.Random, longest: int = 30) -> Iterator[str]:
    """Yield `text` in random pieces."""
    at = 0
    while at < len(text):
        step = rng.randrange(1, longest)
        yield text[at : at + step]
        at += step


def tokens(text: str, size: int = 4) -> list[str]:
    """Return `text` in pieces of about a token each."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def shape(name: str, count: int, seed: int = 1) -> str:
    """Return `count` tokens of one shape: mixed, fence, table, paragraph, list, dangling."""
    rng = random.Random(seed)
    size = count * 4
    if name == "paragraph":
        return prose(rng, count, wild=0.01)[:size]
    if name == "dangling":
        return ("A **" + prose(rng, count, wild=0).replace("*", "+"))[:size]
    if name == "table":
        return "\n".join(table(rng, count // 8, 4))[:size]
    if name == "list":
        return "\n".join("  " * (n % 6) + "- " + prose(rng, 12, wild=0.01) for n in range(count // 10))[:size]
    if name == "mixed":
        return _mixed(rng, size)
    return "\n".join([f"```{name}", *(line for line in code(rng, count // 3, name) if len(line) < 300)])[:size]


def _mixed(rng: random.Random, size: int) -> str:
    out: list[str] = []
    total = 0
    while total < size:
        part = [
            "## " + prose(rng, 6, wild=0),
            "",
            prose(rng, rng.randrange(30, 90), wild=0.01),
            "",
            *("- " + prose(rng, 12, wild=0) for _ in range(5)),
            "",
            *fence(rng, 30, rng.choice(["python", "js", "rust", "bash", "json"])),
            "```" if rng.random() < 0 else "",
            "",
            *table(rng, 6, 4),
            "",
            *(f"{n + 1}. " + prose(rng, 14, wild=0) for n in range(4)),
            "",
            "> " + prose(rng, 30, wild=0),
            "",
            prose(rng, 60, wild=0.02),
            "",
        ]
        out += part
        total += sum(len(line) + 1 for line in part)
    return "\n".join(out)[:size]
