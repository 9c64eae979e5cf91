"""The page in a browser: it loads nothing, is moved through time by keyboard, and nothing in a log is read as markup.

`./run check` installs a Chromium; elsewhere these are skipped without one, and say so.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lacking import lacks
from tests.report.chromium import Browser, program
from tests.stories import BETA, GAMMA, STORY, discovered, records, updated
from wgmesh.domain import events as e
from wgmesh.domain.values import Endpoint
from wgmesh.report.chronicle import chronicle
from wgmesh.report.page import SCRIPTS, STYLE, page

HOSTILE = '</script><img src=x onerror="document.title=1"><b>beta</b> {script} {data}'
LOG = (
    *STORY,
    *records(
        (3800, "lan", updated(BETA, HOSTILE, "192.168.1.17")),
        (3900, "wireguard", e.DeviceChangeFailed((HOSTILE,), ("<i>no</i>",))),
        *(
            (
                4000 + n,
                "wireguard",
                e.PeerRoamed(BETA.key, Endpoint("192.168.1.17", n + 1), Endpoint("192.168.1.17", n)),
            )
            for n in range(600)
        ),
        after=len(STORY),
    ),
)
ROWS = "[...document.querySelectorAll('.row:not([hidden])')]"
# Several times what it takes on an idle machine: a frame is 16 ms, and one is waited for.
FRAME_MS = 80


def text_of(name: str) -> str:
    return f"document.getElementById('{name}').textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = program()
    if path is None:
        lacks("there is no Chromium on this machine: apt-get install chromium-headless-shell")
    with Browser(path, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(page(chronicle(LOG)))
    return file.as_uri()


@pytest.fixture(params=[1280, 390], ids=["wide", "narrow"])
def opened(browser: Browser, address: str, request: pytest.FixtureRequest) -> Browser:
    browser.size(request.param, 844, dark=request.param == 390)
    browser.open(address)
    return browser


def test_it_is_moved_through_time_by_keyboard_and_all_views_follow(opened: Browser) -> None:
    assert opened.ask(text_of("moment")).startswith(f"record {len(LOG)} · ")
    opened.press("Home")
    assert opened.ask(text_of("moment")).startswith("record 1 · ")
    assert opened.ask(text_of("count")) == "0, 0 connected"
    opened.press(*"jjjjjjjj")
    assert opened.ask(text_of("told")) == "PeerConnected: connected with beta at 192.168.1.17:21820"
    assert opened.ask(text_of("count")) == "1, 1 connected"
    assert opened.ask("document.querySelectorAll('svg line.connected').length") == 1
    assert opened.ask("document.querySelector('#peers tr:not([hidden])').innerText.split(/\\s+/)[1]") == "connected"
    opened.press("k")
    assert opened.ask("document.querySelectorAll('svg line.connecting').length") == 1
    opened.press("J", "J", "K", "End")
    assert opened.ask(text_of("legend")) == "1 connected1 silent"


def test_it_fits_the_width_and_the_slider_and_the_list_are_reached_by_tab(opened: Browser) -> None:
    assert opened.ask("document.documentElement.scrollWidth <= innerWidth")
    opened.ask("document.activeElement.blur()")
    reached = []
    while "timeline" not in reached:
        opened.press("Tab")
        reached.append(opened.ask("document.activeElement.id"))
        if reached[-1] == "slider":
            opened.press("ArrowLeft")
        if reached[-1] == "timeline":
            opened.press("ArrowUp")
    assert [name for name in reached if name] == [
        "back",
        "slider",
        "forth",
        "find",
        "kind",
        "cause",
        "peer",
        "timeline",
    ]
    assert opened.ask(text_of("moment")).startswith(f"record {len(LOG) - 2} · ")


def test_filters_and_search_leave_what_was_asked_for_and_escape_brings_all_back(opened: Browser) -> None:
    opened.press("/", *"gamma")
    assert opened.ask(text_of("found")) == f"4 of {len(LOG)} records"
    assert all("gamma" in row for row in opened.ask(f"{ROWS}.map((row) => row.innerText)"))
    opened.press("Escape")
    assert opened.ask(text_of("found")) == f"{len(LOG)} records"
    opened.ask("document.querySelectorAll('#peers button')[1].click()")
    opened.settle()
    assert opened.ask(text_of("found")) == f"4 of {len(LOG)} records"
    opened.press("Escape", "Home", "j")
    assert opened.ask(text_of("moment")).startswith("record 2 · ")


def test_nothing_in_a_log_is_markup_or_code(opened: Browser) -> None:
    assert opened.ask("document.title") == "wgmesh report"
    assert opened.ask("document.querySelectorAll('img, b, i').length") == 0
    opened.press("Home", *("j" * 13))
    assert HOSTILE in opened.ask(text_of("told"))
    assert HOSTILE[:10] in opened.ask("document.querySelector('#peers button').textContent")


def test_the_fragment_names_the_moment(browser: Browser, address: str) -> None:
    browser.size(1280, 844)
    browser.open(f"{address}#record=9")
    assert browser.ask(text_of("moment")).startswith("record 9 · ")
    browser.press("k")
    assert browser.ask("location.hash") == "#record=8"
    browser.open(f"{address}#record=99999")
    assert browser.ask(text_of("moment")).startswith(f"record {len(LOG)} · ")


def test_it_asks_nobody_for_anything_and_may_not(browser: Browser, address: str) -> None:
    browser.requests.clear()
    browser.open(address)
    assert [each for each in browser.requests if each != "about:blank"] == [address]
    asked = "fetch('https://192.0.2.1/').then(() => 'loaded', () => 'refused')"
    assert browser.ask(asked) == "refused"
    put_in = "Object.assign(document.createElement('script'), {textContent: 'document.title = 2'})"
    browser.ask(f"document.body.append({put_in})")
    assert browser.ask("document.title") == "wgmesh report"


def test_only_what_is_seen_exists_and_a_move_takes_a_frame(opened: Browser) -> None:
    assert opened.ask(f"{ROWS}.length") < 80 < len(LOG)
    moved = """(async () => {
      const times = [], slider = document.getElementById("slider");
      for (let place = 0; place < 40; place += 1) {
        const began = performance.now();
        slider.value = (place * 97) % Number(slider.max);
        slider.dispatchEvent(new Event("input"));
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - began);
      }
      return times.sort((one, other) => one - other)[20];
    })()"""
    assert opened.ask(moved) < FRAME_MS


def test_a_log_of_one_record_and_a_log_of_none_are_pages_too(browser: Browser, tmp_path: Path) -> None:
    for number in (0, 1):
        file = tmp_path / f"{number}.html"
        file.write_text(page(chronicle(STORY[:number])))
        browser.open(file.as_uri())
        browser.press("j", "k", "Home", "End")
        assert browser.ask(text_of("found")) == f"{number} records"


def test_each_part_lies_beside_the_module_is_put_in_and_is_short() -> None:
    folder = Path(page.__code__.co_filename).parent
    parts = sorted(path for path in folder.iterdir() if path.suffix in (".css", ".html", ".js"))
    assert sorted((*SCRIPTS, STYLE, "page.html")) == [path.name for path in parts]
    for path in parts:
        lines = path.read_text().splitlines()
        assert len(lines) <= 130, path
        assert max(map(len, lines)) <= 120, path


def test_the_text_of_the_page_names_no_other_place_and_holds_each_part_once() -> None:
    text = page(chronicle((*STORY[:6], *records((9, "lan", discovered(GAMMA, HOSTILE, "192.168.1.17")), after=6))))
    assert re.findall(r"https?://[^\"' ]*", text) == ["http://www.w3.org/2000/svg"]
    assert [text.count(mark) for mark in ("</script>", "</style>", "{policy}", "{style}")] == [2, 1, 0, 0]
    assert "default-src 'none'; script-src 'sha256-" in text
