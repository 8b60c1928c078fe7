"""Behind nginx and Caddy, configured as the documentation says: a path before the page, and another port."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from streamtui import web
from tests.server import ScriptedServer
from tests.web.browsing import COMPLETE, REPLY, STOPPED, in_browser, send
from tests.web.conftest import Start
from tests.web.front import Front, wait_until

DOCUMENTATION = Path(web.__file__).parents[1] / "docs" / "http.md"
NGINX, CADDY = shutil.which("nginx"), shutil.which("caddy")
NGINX_FILE = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; {documented} }}
}}
"""
CADDY_FILE = """
{{
  admin off
  auto_https off
}}
{documented}
"""

pytestmark = in_browser


def documented(language: str) -> str:
    """Return the first listing of the documentation in a language."""
    listing = re.search(rf"```{language}\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    assert listing is not None
    return listing[1]


def listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def proxy(command: list[str], port: int, folder: Path) -> Iterator[int]:
    environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: listens(port), "the proxy's start")
        yield port
        process.terminate()


@contextmanager
def nginx(front: Front, port: int, folder: Path) -> Iterator[int]:
    location = documented("nginx").replace("127.0.0.1:8000", f"127.0.0.1:{front.port}")
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX_FILE.format(folder=folder, port=port, documented=location))
    with proxy([str(NGINX), "-c", str(configuration), "-p", str(folder), "-e", "stderr"], port, folder):
        yield port


@contextmanager
def caddy(front: Front, port: int, folder: Path) -> Iterator[int]:
    site = documented("caddy").replace("127.0.0.1:8000", f"127.0.0.1:{front.port}")
    configuration = folder / "Caddyfile"
    site = site.replace("chat.example", f"http://127.0.0.1:{port}")
    configuration.write_text(CADDY_FILE.format(documented=site))
    with proxy([str(CADDY), "run", "--adapter", "caddyfile", "--config", str(configuration)], port, folder):
        yield port


PROXIES = [
    pytest.param(nginx, marks=pytest.mark.skipif(NGINX is None, reason="there is no nginx on this machine")),
    pytest.param(caddy, marks=pytest.mark.skipif(CADDY is None, reason="there is no Caddy on this machine")),
]


@pytest.fixture(params=PROXIES, ids=["nginx", "caddy"])
def served(
    request: pytest.FixtureRequest, start: Start, closed_port: int, tmp_path: Path
) -> Iterator[tuple[Front, int]]:
    """A server, and the port at which a proxy passes `/chat/` on to it."""
    front = start()
    with request.param(front, closed_port, tmp_path) as port:
        yield front, port


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
    await send(page, "slow-30", "Streams through it")
    await expect(page.locator(REPLY).last).to_contain_text("w2 ")
    await page.keyboard.press("Escape")
    await expect(page.locator(STOPPED)).to_be_visible()
