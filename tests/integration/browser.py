"""A real browser: a page is opened without a window, and what became of it is read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NAME = "chromium"

ENDS_WITHIN_SECONDS = 120.0
"""A page takes about a second; this is for a machine on which others work."""

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

# Without --no-sandbox it does not start as root, as which containers of pipelines run. A small /dev/shm is theirs, too.
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run")

# What Blink calls the schemes that a page can ask for.
SCHEMES = {"dark": 0, "light": 1}


def without_policy(html: str) -> str:
    """A page that no longer forbids what it does not contain."""
    return _POLICY.sub("", html)


class Browser:
    """Chromium with a profile of its own in a folder."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which(NAME)
        if program is None:
            pytest.fail(f"{NAME} is not on PATH, and the HTML report is read in a browser; on Debian: apt-get install {NAME}")
        self._program = program
        self._folder = folder

    def dom(self, html: str, scheme: str = "light") -> str:
        """The document after the browser has read a page, and run what may run."""
        page = self._folder / "page.html"
        page.write_text(html, encoding="utf-8")
        return self.dom_of(page.as_uri(), scheme)

    def dom_of(self, address: str, scheme: str = "light") -> str:
        """The same of the page at an address."""
        command = [
            self._program,
            *_FLAGS,
            f"--user-data-dir={self._folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            "--dump-dom",
            address,
        ]
        done = subprocess.run(command, capture_output=True, check=False, timeout=ENDS_WITHIN_SECONDS)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode()

    def ask(self, html: str, question: str, width: int, scheme: str = "light") -> Any:  # noqa: ANN401 - plain data
        """The answer to a script's expression about a page that is so many pixels wide; `page` is its document.

        The page is shown in a frame, since a window cannot be as narrow as a phone, and without its policy for content, which
        would keep the frame from showing it under the script's eyes.
        """
        frame = f'<iframe width="{width}" height="800" style="border: 0" srcdoc="{escape(without_policy(html))}"></iframe>'
        script = (
            "addEventListener('load', () => { const frame = document.querySelector('iframe').contentWindow;"
            f"const page = frame.document; document.body.dataset.answer = JSON.stringify({question}); }});"
        )
        answered = self.dom(f"<!DOCTYPE html><body><script>{script}</script>{frame}</body>", scheme)
        found = re.search(r'data-answer="([^"]*)"', answered)
        assert found, answered[:1000]
        return json.loads(unescape(found.group(1)))
