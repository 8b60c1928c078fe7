"""Behind nginx, configured as the documentation says: a path before the page, and another port."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from streamtui import web
from tests.server import ScriptedServer
from tests.web.browsing import COMPLETE, REPLY, in_browser, send
from tests.web.conftest import Start
from tests.web.front import Front, wait_until

DOCUMENTATION = Path(web.__file__).parents[1] / "docs" / "http.md"
NGINX = shutil.which("nginx")
CONFIGURATION = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""

pytestmark = [*in_browser, pytest.mark.skipif(NGINX is None, reason="there is no nginx on this machine")]


def listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def served(start: Start, closed_port: int, tmp_path: Path) -> Iterator[tuple[Front, int]]:
    """A server, and the port at which nginx passes `/chat/` on to it."""
    front = start()
    documented = re.search(r"```nginx\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    assert documented is not None
    location = documented[1].replace("127.0.0.1:8000", f"127.0.0.1:{front.port}")
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, port=closed_port, location=location))
    command = [str(NGINX), "-c", str(configuration), "-p", str(tmp_path), "-e", "stderr"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as nginx:
        wait_until(lambda: listens(closed_port), "nginx's start")
        yield front, closed_port
        nginx.terminate()


async def test_the_page_works_behind_a_path(
    context: BrowserContext, served: tuple[Front, int], server: ScriptedServer
) -> None:
    front, port = served
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{port}/chat/#code={front.code}")
    await expect(page.locator("#model option").nth(5)).to_be_attached()
    await send(page, "ok", "Through a proxy")
    await expect(page.locator(COMPLETE)).to_be_visible()
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    await page.reload()
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    (cookie,) = await context.cookies()
    assert cookie["path"] == "/chat/api"
