"""Files that a prompt carried stand under its text."""

from dataclasses import replace

from streamtui.chat.messages import Attachment
from tests.log.conftest import reading, reply, user

FILES = (Attachment("0" * 64, "notes\x1b[31m.md", "text/plain", 3_400), Attachment("1" * 64, "a.png", "image/png", 5))


async def test_chips_stand_under_the_text() -> None:
    asked = replace(user("Sum up"), attachments=FILES)
    async with reading([asked, reply("Done.")]) as reader:
        rows = [row.strip("▌ ") for row in reader.rows]
        at = rows.index("Sum up")

        assert rows[at + 1 : at + 3] == ["▣ notes�[31m.md 3.4 kB", "▣ a.png 5 B"]


async def test_a_prompt_of_files_alone_shows_them() -> None:
    async with reading([replace(user(""), attachments=FILES[1:]), reply("Done.")]) as reader:
        assert any("▣ a.png 5 B" in row for row in reader.rows)
