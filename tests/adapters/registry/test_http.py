import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.adapters.registry.github_server import Tracker, serving
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
