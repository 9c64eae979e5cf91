import base64
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.adapters.registry.github_server import Handler, Tracker, serving
from wgmesh.adapters.registry import http
from wgmesh.adapters.registry.http import Http, Unreachable

TOKEN = "canary-token"


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with serving() as tracker:
        yield tracker


def redirect(to: str) -> tuple[int, dict[str, str], bytes]:
    return 301, {"location": to}, b""


def test_row_39_a_redirect_to_another_host_is_not_followed_and_gets_no_token(tracker: Tracker) -> None:
    with serving() as evil:
        tracker.faults.append(lambda *_: redirect(evil.url + "/repos/x"))
        with pytest.raises(Unreachable, match="another host") as caught:
            Http(tracker.url, {"Authorization": f"Bearer {TOKEN}"}).ask("GET", "/repos/x", {})
    assert evil.requests == []
    assert TOKEN not in str(caught.value)


def test_a_redirect_on_the_same_host_is_followed_but_not_for_ever(tracker: Tracker) -> None:
    tracker.faults.append(lambda _, __, path: redirect("/new") if path == "/old" else (200, {}, b"here"))
    assert Http(tracker.url, {}).ask("GET", "/old", {}).body == b"here"
    tracker.faults[:] = [lambda *_: redirect("/old")]
    with pytest.raises(Unreachable, match="round in circles"):
        Http(tracker.url, {}).ask("GET", "/old", {})


def test_what_is_written_is_never_sent_again_by_a_redirect(tracker: Tracker) -> None:
    tracker.faults.append(lambda *_: redirect("/elsewhere"))
    assert Http(tracker.url, {}).ask("POST", "/old", {}, b"{}").status == 301
    assert len(tracker.requests) == 1


def test_row_38_an_answer_without_end_is_cut_short(tracker: Tracker) -> None:
    tracker.faults.append(lambda *_: (200, {}, b"x" * (http.ANSWER_CAP_BYTES + 1)))
    with pytest.raises(Unreachable, match="longer than a megabyte"):
        Http(tracker.url, {}).ask("GET", "/", {})


def test_row_39_a_server_that_dribbles_costs_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = threading.Event()

        def dribble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                while not ended.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:  # the other side has had enough
                        return

        thread = threading.Thread(target=dribble)
        thread.start()
        began = time.monotonic()
        with pytest.raises(Unreachable):
            Http(f"http://127.0.0.1:{port}", {}).ask("GET", "/", {})
        assert time.monotonic() - began < 5
        ended.set()
        thread.join()


def test_a_proxy_of_the_environment_is_used(tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", tracker.url)
    monkeypatch.delenv("no_proxy", raising=False)
    tracker.faults.append(lambda _, method, path: (200, {}, f"{method} {path}".encode()))
    assert Http("http://registry.invalid", {}).ask("GET", "/issues", {}).body == b"GET /issues"
    assert tracker.requests == [("GET", "http://registry.invalid/issues")]


def relay(one: socket.socket, other: socket.socket) -> None:
    """What one side says is told the other, until either is done."""
    try:
        while data := one.recv(65_536):
            other.sendall(data)
    except OSError:  # the other direction has ended
        return
    finally:
        other.close()


class Proxy(BaseHTTPRequestHandler):
    """Leads whoever knows the password to the server behind it, whatever host they name."""

    behind: tuple[str, int]
    asked: list[str]

    def do_CONNECT(self) -> None:
        self.asked.append(f"{self.path} {self.headers.get('proxy-authorization')}")
        with socket.create_connection(self.behind) as server:
            self.send_response_only(200)
            self.end_headers()
            back = threading.Thread(target=relay, args=(server, self.connection))
            back.start()
            relay(self.connection, server)
            back.join()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def in_thread(server: HTTPServer) -> Iterator[tuple[str, int]]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield ("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(directory: Path, name: str) -> Path:
    """A key and a certificate for this name, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    began = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def proxied(tracker: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A registry that speaks TLS as registry.example, and a proxy that leads to it; what the proxy was asked."""
    pem, asked = certificate(tmp_path, "registry.example"), list[str]()
    https = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"tracker": tracker}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    https.socket = context.wrap_socket(https.socket, server_side=True, do_handshake_on_connect=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.delenv("no_proxy", raising=False)
    with in_thread(https) as behind:
        handler = type("Bound", (Proxy,), {"behind": behind, "asked": asked})
        with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as (host, port):
            monkeypatch.setenv("https_proxy", f"http://ada:pa%20ss@{host}:{port}")
            yield asked


def test_https_goes_through_a_proxy_whose_password_the_environment_has(proxied: list[str], tracker: Tracker) -> None:
    tracker.faults.append(lambda *_: (200, {}, b"here"))
    answer = Http("https://registry.example", {"Authorization": f"Bearer {TOKEN}"}).ask("GET", "/repos/x", {})
    assert answer.body == b"here"
    assert proxied == [f"registry.example:443 Basic {base64.b64encode(b'ada:pa ss').decode()}"]
    assert tracker.seen_tokens == [TOKEN]


def test_row_39_a_certificate_that_the_system_does_not_know_is_refused_before_a_token_is_said(
    proxied: list[str], tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    with pytest.raises(Unreachable, match="certificate"):
        Http("https://registry.example", {"Authorization": f"Bearer {TOKEN}"}).ask("GET", "/repos/x", {})
    assert proxied
    assert tracker.seen_tokens == []
