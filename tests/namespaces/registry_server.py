"""`python -m tests.namespaces.registry_server PORT`: the stateful registry in a node; each request is a line printed.

With `proxy` behind the port it is an HTTP proxy instead, which forwards what it is asked for and prints that.
"""

import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError

from tests.adapters.registry.github_server import serving


class Proxy(BaseHTTPRequestHandler):
    """Does each request itself and passes the answer on."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_PATCH(self) -> None:
        self._forward()

    def _forward(self) -> None:
        print(f"{self.command} {self.path}", flush=True)
        data = self.rfile.read(int(self.headers.get("content-length", 0))) or None
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        try:
            answer = urllib.request.urlopen(
                urllib.request.Request(self.path, data, headers, method=self.command), timeout=5
            )
        except HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing else."""


def main(port: int, proxy: bool) -> None:
    if proxy:
        server = ThreadingHTTPServer(("", port), Proxy)
        print("ready", flush=True)
        server.serve_forever()
    with serving(("0.0.0.0", port)) as tracker:
        tracker.clock = lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print("ready", flush=True)
        told = 0
        while True:
            for method, path in tracker.requests[told:]:
                print(f"{method} {path}", flush=True)
                told += 1
            time.sleep(0.02)


if __name__ == "__main__":
    main(int(sys.argv[1]), "proxy" in sys.argv)
