"""`python -m tests.docs.settings_table` writes the table of settings anew, into the page about them."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Final

from streamtui.settings.config import Settings

PAGE: Final = Path(__file__).parents[2] / "streamtui" / "docs" / "settings.md"
_BEGIN, _END = "<!-- settings -->\n", "<!-- /settings -->\n"


def table() -> str:
    """Return one row per setting, in the order of `Settings`."""
    rows = ["| setting | what it is | otherwise |", "|---|---|---|"]
    for each in fields(Settings):
        default = "" if each.default in (None, MISSING) else f"`{str(each.default).lower()}`"
        rows.append(f"| `{each.name}` | {each.metadata['help']} | {default} |")
    return "\n".join(rows) + "\n"


def embed(page: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{table()}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(embed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
