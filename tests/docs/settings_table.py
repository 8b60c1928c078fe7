"""`python -m tests.docs.settings_table` prints the table of settings that README holds."""

from dataclasses import MISSING, fields

from streamtui.settings.config import Settings


def table() -> str:
    """Return one row per setting, in the order of `Settings`."""
    rows = ["| setting | what it is | otherwise |", "|---|---|---|"]
    for each in fields(Settings):
        default = "" if each.default in (None, MISSING) else f"`{str(each.default).lower()}`"
        rows.append(f"| `{each.name}` | {each.metadata['help']} | {default} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201
