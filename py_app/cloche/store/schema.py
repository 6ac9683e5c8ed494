"""The tables, as SQL, and the migrations from one version of them to the next.

Owns the shape of the database, not its use. `user_version` of the file holds the schema's version; migration N lifts
version N to N + 1, so that the schema's version is the number of migrations. Released migrations are never edited.
"""

from __future__ import annotations

FIRST = """
CREATE TABLE sessions (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL DEFAULT '',
    title_by_person INTEGER NOT NULL DEFAULT 0,
    parameters TEXT NOT NULL DEFAULT '{}',
    active_leaf TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    deleted_at REAL
);

-- A tree: versions of a message share their parent. `depth` counts from 1 at the root. A deleted message hides what
-- follows it; `deleted_by` of each hidden row is the id of the message whose deletion hid it.
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    parent_id TEXT REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    depth INTEGER NOT NULL,
    role TEXT NOT NULL,
    parts TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    finish_reason TEXT,
    usage TEXT,
    timings TEXT,
    model TEXT,
    created_at REAL NOT NULL,
    deleted_by TEXT
);
CREATE INDEX messages_by_session ON messages (session_id, seq);
CREATE INDEX messages_by_parent ON messages (parent_id);
CREATE INDEX messages_by_status ON messages (status) WHERE status = 'streaming';

CREATE TABLE images (
    id TEXT PRIMARY KEY,
    mime TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    bytes BLOB NOT NULL
);

CREATE TABLE message_images (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    image_id TEXT NOT NULL REFERENCES images (id),
    PRIMARY KEY (message_id, image_id)
) WITHOUT ROWID;
CREATE INDEX message_images_by_image ON message_images (image_id);

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Full text: rowid is the `seq` of the session or the message.
CREATE VIRTUAL TABLE title_texts USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
CREATE VIRTUAL TABLE message_texts USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
"""

TOOLS = """
CREATE TABLE todos (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    created_at REAL NOT NULL,
    done_at REAL
);

CREATE TABLE notes (
    key TEXT PRIMARY KEY COLLATE NOCASE,
    value TEXT NOT NULL,
    updated_at REAL NOT NULL
) WITHOUT ROWID;

-- Which tools a session offers, as a JSON list of names; no row leaves it to the model's card.
CREATE TABLE session_tools (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    names TEXT NOT NULL
) WITHOUT ROWID;
"""

EXTENSIONS = """
-- A person's own Python files. `everywhere`: switched on in each session that has no row of its own.
CREATE TABLE extensions (
    name TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    everywhere INTEGER NOT NULL DEFAULT 0,
    updated_at REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE session_extensions (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    name TEXT NOT NULL REFERENCES extensions (name) ON DELETE CASCADE,
    enabled INTEGER NOT NULL,
    PRIMARY KEY (session_id, name)
) WITHOUT ROWID;

CREATE TABLE console_history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL,
    run_at REAL NOT NULL
);
"""

ANSWERS = """
-- The form of a session's answers as JSON; NULL is free text.
ALTER TABLE sessions ADD COLUMN answer_format TEXT;
"""

PROVIDERS = """
-- Servers that a person has added. `models` is what they listed last; `sealed_key` is encrypted with a passphrase.
CREATE TABLE providers (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    base_url TEXT NOT NULL,
    models TEXT NOT NULL,
    sealed_key TEXT
);

-- Which models answer, in order, as a JSON list; NULL leaves it to the settings.
ALTER TABLE sessions ADD COLUMN chain TEXT;
-- Who answered, whether that was on another machine, and why it was not the first choice.
ALTER TABLE messages ADD COLUMN provider TEXT;
ALTER TABLE messages ADD COLUMN remote INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN note TEXT NOT NULL DEFAULT '';
"""

TRACE = """
-- What happened in the turns; `turn` is the id of the answer.
CREATE TABLE trace_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    turn TEXT,
    at REAL NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX trace_events_by_session ON trace_events (session_id, seq);
"""

MODELS = """
-- Cards that a person added, or that the hub completed, as JSON; advanced settings as JSON, NULL for none.
CREATE TABLE models (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    card TEXT,
    options TEXT
);

-- What this device did in a short matmul: one row, or none.
CREATE TABLE measurements (
    at REAL NOT NULL,
    figures TEXT NOT NULL
);
"""

RELAY = """
-- Keys with which programs on this machine ask this tab's model; of the secret only the hash and its last characters.
CREATE TABLE api_keys (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at REAL NOT NULL
);

CREATE TABLE relay_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    settings TEXT NOT NULL
);
"""

DOWNLOADS = """
-- Models on this device. What is really on the disk the browser's file system says.
CREATE TABLE kept_models (
    model_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    engine TEXT NOT NULL,
    pinned INTEGER NOT NULL DEFAULT 0,
    used_at REAL
) WITHOUT ROWID;
CREATE TABLE kept_files (
    model_id TEXT NOT NULL REFERENCES kept_models (model_id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    verified_at REAL,
    PRIMARY KEY (model_id, name)
) WITHOUT ROWID;

-- Models to be fetched, in their order; `card` is JSON, NULL until its files have been looked up.
CREATE TABLE downloads (
    model_id TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    card TEXT
) WITHOUT ROWID;
"""

LIVE = """
-- What the Live view saw, and how it looks (one row). Only the newest captions keep their frame.
CREATE TABLE live_captions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    prompt TEXT NOT NULL,
    text TEXT NOT NULL,
    answer TEXT,
    fired INTEGER NOT NULL,
    source TEXT NOT NULL,
    difference REAL NOT NULL,
    picture BLOB,
    mime TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    description TEXT NOT NULL
);
CREATE TABLE live_settings (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    value TEXT NOT NULL
);
"""

FILES = """
-- Text files that are attached to messages.
CREATE TABLE files (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    mime TEXT NOT NULL,
    created_at REAL NOT NULL,
    bytes BLOB NOT NULL
);

CREATE TABLE message_files (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    file_id TEXT NOT NULL REFERENCES files (id),
    PRIMARY KEY (message_id, file_id)
) WITHOUT ROWID;
CREATE INDEX message_files_by_file ON message_files (file_id);

-- Python packages that a person has added: their wheels, and where each came from ("" is a file of the person's).
CREATE TABLE packages (
    name TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    file_name TEXT NOT NULL,
    origin TEXT NOT NULL,
    added_at REAL NOT NULL,
    bytes BLOB NOT NULL
) WITHOUT ROWID;
"""

SPEEDS = """
-- What the benchmark measured, as JSON.
CREATE TABLE speeds (
    model_id TEXT NOT NULL,
    engine TEXT NOT NULL,
    hardware TEXT NOT NULL,
    at REAL NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (model_id, engine, hardware)
) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (
    FIRST,
    TOOLS,
    EXTENSIONS,
    ANSWERS,
    PROVIDERS,
    TRACE,
    MODELS,
    RELAY,
    DOWNLOADS,
    LIVE,
    FILES,
    SPEEDS,
)
