"""How far work got that is done in steps, in the database itself: it outlives the process that does it."""

import sqlite3


def get(connection: sqlite3.Connection, task: str) -> int | None:
    """Return the position of a task, `None` where it has not begun."""
    row = connection.execute("SELECT position FROM progress WHERE task = ?", (task,)).fetchone()
    return None if row is None else int(row[0])


def put(connection: sqlite3.Connection, task: str, position: int) -> None:
    """Write down the position of a task. Runs in a transaction of the caller."""
    connection.execute("INSERT OR REPLACE INTO progress (task, position) VALUES (?, ?)", (task, position))


def clear(connection: sqlite3.Connection, *tasks: str) -> None:
    """Forget that the tasks have begun. Runs in a transaction of the caller."""
    connection.executemany("DELETE FROM progress WHERE task = ?", [(task,) for task in tasks])
