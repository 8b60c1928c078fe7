"""`python -m tests.docs.key_table` writes the table of keys anew, into the page of keys and the demo's own."""

from pathlib import Path
from typing import Final

from streamtui.tui import keybindings

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    ROOT / "streamtui" / "docs" / "keys.md": ("<!-- keys -->\n", "<!-- /keys -->\n"),
    ROOT / "streamtui" / "providers" / "demo" / "keys.py": ('KEY_TABLE: Final = """\\\n', '"""\n'),
}
"""Where the table stands, and between which lines."""


def embed(page: Path) -> str:
    """Return a page with the table as it is now."""
    begin, end = PAGES[page]
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    table = keybindings.DEFAULT.markdown_table()
    if page.suffix == ".py":
        table = table.replace("\\", "\\\\")
    return f"{before}{begin}{table}{end}{after}"


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(embed(page), encoding="utf-8")
