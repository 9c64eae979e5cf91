"""One HTTPS request at a time, bounded in every way: ten seconds in all, a megabyte, and no token to another host.

The daemon never loads this module, which would cost it the six megabytes of urllib3 for good: `serve` does.
"""

import time
import urllib.request
from collections.abc import Mapping
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import urllib3
from msgspec import Struct

# A request and its answer, with redirects, take no longer.
TOTAL_SECONDS = 10.0
# A hundred comments of the largest size are 150 KB; who sends more is not read further.
ANSWER_CAP_BYTES = 1024 * 1024
CHUNK_BYTES = 16 * 1024
REDIRECTS = 3
# What is quoted of a server's words.
TEXT_CAP = 64


class Unreachable(Exception):
    """There was no answer; the text says why and holds no secret."""


class TooLong(Unreachable):
    """There was more of an answer than is read; `headers`: what it said before that, names in lower case."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__("the registry gives an answer that is longer than a megabyte")
        self.headers = headers


class Answer(Struct, frozen=True):
    """`headers`: names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Http:
    """Requests under one base URL. `headers` go along, the secret ones too, to that host alone."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        self._base = base.rstrip("/")
        self._headers = dict(headers)
        self._pool: urllib3.PoolManager | None = None

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, whatever its status; Unreachable when there is none in time. Blocks: call it in a thread."""
        url = self._base + path + ("?" + urlencode(query) if query else "")
        deadline = time.monotonic() + TOTAL_SECONDS
        for _ in range(REDIRECTS + 1):
            answer = self._once(method, url, body, self._headers | dict(headers or {}), deadline)
            target = urljoin(url, answer.headers.get("location", ""))
            if answer.status not in (301, 302, 307, 308) or method != "GET":
                return answer
            if _origin(target) != _origin(url):
                raise Unreachable(f"{_host(url)} sends us to another host, {_host(target)}: not followed")
            url = target
        raise Unreachable(f"{_host(url)} sends us round in circles")

    def _once(self, method: str, url: str, body: bytes | None, headers: dict[str, str], deadline: float) -> Answer:
        timeout = urllib3.Timeout(total=max(0.1, deadline - time.monotonic()))
        options = {"retries": False, "redirect": False, "preload_content": False, "timeout": timeout}
        try:
            response = self._open(url).request(method, url, body=body, headers=headers, **options)  # type: ignore[arg-type]
            try:
                said = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, said, _read(response, said, deadline))
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"{_host(url)} cannot be reached: {_reason(error)}") from error

    def _open(self, url: str) -> urllib3.PoolManager:
        """Through the proxy that the environment names for this host; the system says which certificates count."""
        if self._pool is None:
            parts = urlsplit(url)
            proxy = urllib.request.getproxies().get(parts.scheme)
            bypassed = urllib.request.proxy_bypass(parts.hostname or "")
            self._pool = _proxied(proxy) if proxy and not bypassed else urllib3.PoolManager()
        return self._pool


def _proxied(proxy: str) -> urllib3.PoolManager:
    """Through this proxy, with the name and password that its URL may hold."""
    parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
    given = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    headers = urllib3.make_headers(proxy_basic_auth=given) if given else None
    return urllib3.ProxyManager(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), proxy_headers=headers)


def _read(response: urllib3.BaseHTTPResponse, said: Mapping[str, str], deadline: float) -> bytes:
    """The body, while it is short enough and comes in time."""
    read = bytearray()
    while chunk := response.read1(CHUNK_BYTES):
        read += chunk
        if len(read) > ANSWER_CAP_BYTES:
            raise TooLong(said)
        if time.monotonic() > deadline:
            raise OSError(f"no whole answer within {TOTAL_SECONDS:.0f} s")
    return bytes(read)


def _reason(error: Exception) -> str:
    """The last words of an error: those before them repeat the address, and numbers."""
    return (str(error).rpartition(": ")[2].rpartition("] ")[2] or type(error).__name__)[:TEXT_CAP]


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _host(url: str) -> str:
    return (urlsplit(url).hostname or url)[:TEXT_CAP]
