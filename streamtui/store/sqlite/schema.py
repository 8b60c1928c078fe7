"""The database's tables, version by version.

A script in `SCRIPTS` is never edited once it was released: the next version is one more script at the end.
Texts come last in their rows, so that reading the small columns of a row never touches the pages its text fills.
"""

from typing import Final

APPLICATION_ID: Final = 0x73747569
"""`stui`, in the database's header: tells our files from other programs'."""

_V1: Final = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    model TEXT NOT NULL,
    system TEXT,
    leaf TEXT,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    touched INTEGER NOT NULL,  -- order of activity; clocks jump, this does not
    deleted REAL,              -- hidden since; purged when the grace period is over
    deleted_by TEXT            -- the run that will purge it
);
CREATE INDEX conversations_touched ON conversations (touched);
CREATE INDEX conversations_deleted ON conversations (deleted) WHERE deleted IS NOT NULL;

CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of creation; never used again, so places in it stay true
    id TEXT NOT NULL UNIQUE,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent TEXT,
    role TEXT NOT NULL,
    model TEXT,
    created REAL NOT NULL
);
CREATE INDEX messages_conversation ON messages (conversation, seq);

CREATE TABLE segments (
    message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    status TEXT NOT NULL,
    owner TEXT,                -- the run that streams it
    finish_reason TEXT,
    error_kind TEXT,
    error_message TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    reasoning_tokens INTEGER,
    estimated INTEGER,         -- null where there is no usage at all
    connect_s REAL,
    ttft_s REAL,
    streaming_s REAL,
    total_s REAL,              -- null where there are no metrics at all
    chunks INTEGER,
    characters INTEGER,
    characters_per_s REAL,
    tokens_per_s REAL,
    thinking_s REAL,
    text TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    PRIMARY KEY (message, n)
);
CREATE INDEX segments_owner ON segments (owner) WHERE owner IS NOT NULL;

-- What a streaming segment has got so far, after its row's own text.
CREATE TABLE partials (
    message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    segment INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    text TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    PRIMARY KEY (message, segment, seq)
) WITHOUT ROWID;

CREATE TABLE drafts (conversation TEXT PRIMARY KEY, text TEXT NOT NULL);

-- Prompts that were stashed instead of sent; `after` is the newest message ever then, which places them in the history.
CREATE TABLE prompts (seq INTEGER PRIMARY KEY, after INTEGER NOT NULL, text TEXT NOT NULL);

CREATE TABLE quirks (
    endpoint TEXT NOT NULL, model TEXT NOT NULL, quirk TEXT NOT NULL, PRIMARY KEY (endpoint, model, quirk)
) WITHOUT ROWID;

-- Processes that write: how many of its operations each has committed. Makes folding a spill file happen once.
CREATE TABLE runs (id TEXT PRIMARY KEY, applied INTEGER NOT NULL) WITHOUT ROWID;

-- Conversations that are gone for good: late operations of other processes must not bring them back.
CREATE TABLE purged (
    id TEXT PRIMARY KEY,
    scrubbed INTEGER NOT NULL DEFAULT 0  -- whether no trace of its text is left in the files
) WITHOUT ROWID;
"""

_V2: Final = """
ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;

ALTER TABLE segments ADD COLUMN notices TEXT;    -- JSON: what is said about the reply for good
ALTER TABLE segments ADD COLUMN citations TEXT;  -- JSON: the sources it names

-- Whether the message is in the search index: 0 not yet, 1 yes, 2 too long for it.
ALTER TABLE messages ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_unindexed ON messages (seq) WHERE indexed <> 1;

ALTER TABLE quirks ADD COLUMN learned REAL NOT NULL DEFAULT 0;  -- seconds since the epoch
UPDATE quirks SET learned = strftime('%s', 'now');

CREATE TABLE attachments (
    sha256 TEXT PRIMARY KEY,
    created REAL NOT NULL,
    content BLOB NOT NULL
);
CREATE TABLE message_attachments (
    message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (message, n)
) WITHOUT ROWID;
CREATE INDEX message_attachments_content ON message_attachments (sha256);

-- How far work got that is done in steps, and survives the process.
CREATE TABLE progress (task TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
"""

_V3: Final = """
ALTER TABLE drafts ADD COLUMN attachments TEXT;  -- JSON: the files that go along, by their paths or contents
"""

TABLES: Final = ("conversations", "messages", "segments", "partials", "drafts", "prompts", "quirks", "runs", "purged")
"""Of version 1: every database of ours has them."""

SCRIPTS: Final[tuple[str, ...]] = (_V1, _V2, _V3)
"""Script number n takes a database from version n to n + 1."""
