"""A headless Chromium, driven over two pipes by the DevTools protocol: messages are JSON, each with a zero behind it.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# Names under which distributions have it; the shell alone is a third of the download.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ANSWER_SECONDS = 30.0
# The pipes that Chromium reads commands from and answers on.
COMMANDS, ANSWERS = 3, 4


def program() -> str | None:
    """Where it is; None where there is none."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


class Browser:
    """One page. `requests`: every address that it asked for."""

    def __init__(self, path: str, profile: Path) -> None:
        self.requests: list[str] = []
        self._numbers = itertools.count(1)
        self._waiting = b""
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
        # What Chromium calls 3 and 4 is whatever we were given here.
        line = f'exec "$0" "$@" {COMMANDS}<&{commands} {ANSWERS}>&{answers}'
        words = ["bash", "-c", line, path, *options, f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(words, pass_fds=(commands, answers), stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def open(self, address: str) -> None:
        """Show this page, whole."""
        self.call("Page.navigate", {"url": "about:blank"})
        self.call("Page.navigate", {"url": address})
        self.until("document.readyState === 'complete'")
        self.settle()

    def size(self, width: int, height: int, dark: bool = False) -> None:
        """As wide and high, in CSS pixels, and in which colours."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.settle()

    def ask(self, expression: str) -> Any:
        """What this is in the page, awaited where it is a promise."""
        said = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait for this to be so."""
        end = time.monotonic() + ANSWER_SECONDS
        while not self.ask(expression):
            assert time.monotonic() < end, expression
            time.sleep(0.02)

    def settle(self) -> None:
        """Wait for what is to be drawn."""
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")

    def press(self, *keys: str) -> None:
        """Keys as a person presses them: a letter, or a name such as `ArrowDown`."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            code = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9, "Home": 36, "End": 35}
            event = {"key": key, "windowsVirtualKeyCode": code.get(key, 0)}
            self.call("Input.dispatchKeyEvent", {"type": "keyDown", **event, **text})
            self.call("Input.dispatchKeyEvent", {"type": "keyUp", **event})
        self.settle()

    def picture(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])

    def call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """One command to the page, and its answer."""
        return self._call(method, parameters or {}, sessionId=self._session)

    def _call(self, method: str, parameters: dict[str, Any], **frame: str) -> dict[str, Any]:
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters, **frame}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                result: dict[str, Any] = message["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            ready, _, _ = select.select([self._answers], [], [], ANSWER_SECONDS)
            assert ready, "Chromium does not answer"
            self._waiting += os.read(self._answers, 1 << 16)
        text, _, self._waiting = self._waiting.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message
