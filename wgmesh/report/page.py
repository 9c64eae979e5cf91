"""The page: one file that asks nobody for anything, and in which nothing of the log is ever read as markup or code.

The browser is told to run the one script and take the one style that are here, by their hashes, and to load nothing.
The log goes in as JSON without a `<`, and the script puts its texts into the page as texts.
"""

import base64
import hashlib
from importlib.resources import files

import msgspec

from wgmesh.report.chronicle import Chronicle

NOWHERE = "base-uri 'none'; form-action 'none'"
STYLE = "page.css"
# In the order in which they are put together.
SCRIPTS = ("moment.js", "topology.js", "peers.js", "timeline.js", "controls.js")


def page(chronicle: Chronicle) -> str:
    """The whole page as text."""
    script = "\n".join(_part(name) for name in SCRIPTS)
    style = _part(STYLE)
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; {NOWHERE}"
    data = msgspec.json.encode(chronicle).decode().replace("<", "\\u003c")
    parts = {"{policy}": policy, "{style}": style, "{data}": data, "{script}": script}
    # In the order in which the page has them: what is put in is behind us, and can name no other place.
    told, rest = "", _part("page.html")
    for name, part in parts.items():
        before, _, rest = rest.partition(name)
        told += before + part
    return told + rest


def _part(name: str) -> str:
    return (files("wgmesh.report") / name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
