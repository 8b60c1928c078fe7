"""Files of other programs, as small as they get."""

import json
import sqlite3
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def node(
    id: str, parent: str | None, role: str | None = None, text: object = "", moment: object = None, **metadata: object
) -> dict[str, Any]:
    """Return a node of ChatGPT's tree."""
    message = role and {
        "id": id,
        "author": {"role": role},
        "create_time": moment,
        "content": text if isinstance(text, dict) else {"content_type": "text", "parts": [text]},
        "status": "finished_successfully",
        "metadata": metadata,
    }
    return {"id": id, "message": message, "parent": parent, "children": []}


def chatgpt(nodes: Sequence[Mapping[str, Any]] | None = None, **fields: object) -> dict[str, Any]:
    nodes = nodes or [
        node("root", None),
        node("system", "root", "system", "", 1.0),
        node("u1", "system", "user", "How?", 1700000000.0),
        node("a1", "u1", "assistant", "So.", 1700000001.5, model_slug="gpt-4o"),
        node("a2", "u1", "assistant", "Or so.", 1700000002.0, model_slug="o3"),
        node("u2", "a2", "user", "And then?", 1700000003.0),
        node("a3", "u2", "assistant", "Done.", 1700000004.0, model_slug="o3"),
    ]
    return {
        "title": "Ways",
        "create_time": 1700000000.0,
        "update_time": 1700000005.0,
        "mapping": {entry["id"]: entry for entry in nodes},
        "current_node": "a3",
        "conversation_id": "6f-1",
        **fields,
    }


def claude(**fields: object) -> dict[str, Any]:
    return {
        "uuid": "c-1",
        "name": "Review",
        "created_at": "2024-01-01T12:00:00Z",
        "updated_at": "2024-01-01T12:05:00.250000Z",
        "chat_messages": [
            {
                "uuid": "m1",
                "sender": "human",
                "text": "Look at this",
                "created_at": "2024-01-01T12:00:00Z",
                "attachments": [{"file_name": "a.py", "extracted_content": "print(1)\n", "file_size": 9}],
                "files": [{"file_name": "photo.png"}],
            },
            {
                "uuid": "m2",
                "sender": "assistant",
                "text": "It prints.",
                "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "It prints."}],
                "created_at": "2024-01-01T12:01:00Z",
            },
        ],
        **fields,
    }


def as_json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def as_zip(path: Path, value: object, *, name: str = "conversations.json") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("user.json", '{"id": "me"}')
        archive.writestr("../../evil.json", "[1, 2]")
        archive.writestr(name, json.dumps(value))
        archive.writestr("chat.html", "<html>")
    return path


def database(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


LLM = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT, options_json TEXT,
    response TEXT, response_json TEXT, conversation_id TEXT, duration_ms INTEGER, datetime_utc TEXT);
CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, "order" INTEGER);
CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT);
CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
INSERT INTO conversations VALUES ('01a', 'Ten names', 'gpt-4o');
INSERT INTO responses VALUES
    ('r2', 'gpt-4o', 'Again', NULL, '', '', 'Bree', '', '01a', 5, '2024-05-01T10:01:00.123456'),
    ('r1', 'gpt-4o', 'Names?', 'Be brief.', '', '', 'Edam', '', '01a', 5, '2024-05-01T10:00:00');
INSERT INTO responses VALUES ('r3', 'gpt-4o', 'Alone', NULL, '', '', 'Yes', '', NULL, 5, '2024-05-02T10:00:00');
INSERT INTO attachments VALUES ('x', 'image/png', '/home/me/cheese.png', NULL, X'89504e470d0a1a0a');
INSERT INTO prompt_attachments VALUES ('r1', 'x', 0);
INSERT INTO fragments VALUES (1, 'h', 'A long text.');
INSERT INTO prompt_fragments VALUES ('r1', 1, 0);
"""
ELIA = """
CREATE TABLE chat (id INTEGER PRIMARY KEY, model TEXT, title TEXT, started_at TEXT, archived BOOLEAN);
CREATE TABLE message (id INTEGER PRIMARY KEY, chat_id INTEGER, role TEXT, content TEXT, timestamp TEXT, meta TEXT,
    parent_id INTEGER, model TEXT);
INSERT INTO chat VALUES (1, 'gpt-4o', 'Weather', '2024-06-01 09:00:00', 0);
INSERT INTO message VALUES (1, 1, 'system', 'Be brief.', '2024-06-01 09:00:00', '{}', NULL, 'gpt-4o');
INSERT INTO message VALUES (2, 1, 'user', 'Rain?', '2024-06-01 09:00:01', '{}', NULL, 'gpt-4o');
INSERT INTO message VALUES (3, 1, 'assistant', 'No.', '2024-06-01 09:00:02', '{}', NULL, 'gpt-4o');
INSERT INTO chat VALUES (2, 'gpt-4o', 'Empty', '2024-06-01 09:00:00', 0);
"""
OTERM = """
CREATE TABLE chat (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, model TEXT NOT NULL, system TEXT, format TEXT,
    parameters TEXT, keep_alive INTEGER, tools TEXT);
CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id INTEGER NOT NULL, author TEXT NOT NULL,
    text TEXT NOT NULL, images TEXT DEFAULT '[]');
INSERT INTO chat VALUES (1, 'Tides', 'llama3.2:3b', 'Be brief.', '', '{}', 5, '[]');
INSERT INTO message VALUES (1, 1, 'me', 'When?', '["iVBORw0KGgo="]');
INSERT INTO message VALUES (2, 1, 'assistant', 'Now.', '[]');
"""

Maker = Callable[[Path], Path]
FILES: Mapping[str, Maker] = {
    "chatgpt": lambda folder: as_json(folder / "data.bin", [chatgpt()]),
    "chatgpt zip": lambda folder: as_zip(folder / "export", [chatgpt()]),
    "chatgpt, one": lambda folder: as_json(folder / "one", chatgpt()),
    "claude": lambda folder: as_json(folder / "x.txt", [claude()]),
    "claude zip": lambda folder: as_zip(folder / "data.zip", [claude()], name="a/conversations.json"),
    "llm": lambda folder: database(folder / "logs.json", LLM),
    "elia": lambda folder: database(folder / "elia", ELIA),
    "oterm": lambda folder: database(folder / "store.zip", OTERM),
}
