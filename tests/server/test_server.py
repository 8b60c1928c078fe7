"""The scripted server itself, as other processes see it."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from tests.server import SCENARIOS, ScriptedServer, model_names

ROOT = Path(__file__).parents[2]


def call(url: str, body: Any = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=PATIENCE_S) as response:
        text = response.read().decode()
        return json.loads(text) if response.headers["content-type"] == "application/json" else text


def test_every_name_asks_for_one_scenario() -> None:
    assert not [name for name, count in Counter(entry.name for entry in SCENARIOS).items() if count > 1]
    for name in model_names():
        assert len([entry.name for entry in SCENARIOS if entry.match(name) is not None]) == 1, name
        assert [entry.match(name) for entry in SCENARIOS] == [entry.match(f"{name}@7") for entry in SCENARIOS]


def test_the_log_tells_what_was_asked() -> None:
    with ScriptedServer() as server:
        stream = call(f"{server.url}/chat/completions", {"model": "ok"})
        assert stream.endswith("data: [DONE]\n\n")
        call(f"{server.url}/chat/completions", {"model": "echo"})
        log = call(f"http://{server.host}/log?model=ok")
        assert [request["model"] for request in log["requests"]] == ["ok"]
        request = log["requests"][0]
        assert request["time"] <= request["ended"] <= log["now"]
        assert request["closed"] is None
        assert len(call(f"http://{server.host}/log")["requests"]) == 2
        call(f"http://{server.host}/log", method="DELETE")
        assert call(f"http://{server.host}/log")["requests"] == []


def test_an_unknown_model_is_an_unknown_model() -> None:
    with ScriptedServer() as server, pytest.raises(urllib.error.HTTPError) as caught:
        call(f"{server.url}/chat/completions", {"model": "nobody"})
    assert caught.value.code == 404
    caught.value.close()


def test_it_runs_as_a_process_until_its_input_ends() -> None:
    command = [sys.executable, "-m", "tests.server", "--port", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        assert "ok" in [model["id"] for model in call(f"http://127.0.0.1:{port}/v1/models")["data"]]
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
