"""`wgmesh why`: the present answer in one line, both sides of the question, and the records behind it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from wgmesh.cli.moments import At, folded, records_of
from wgmesh.cli.place import AsJson, Interface, StateDir, find_state
from wgmesh.cli.reading import View, open_log, view_in
from wgmesh.cli.terminal import say, say_json

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.domain.records import Record
    from wgmesh.projections.why_answer import Answer, Circumstances
    from wgmesh.projections.why_story import Told

Wanted = Annotated[
    str,
    typer.Argument(metavar="SUBJECT", help="A peer (key, its beginning, hostname), an address, IP:PORT or a prefix."),
]
Limit = Annotated[int, typer.Option(min=0, metavar="N", help="At most so many records beside those it rests on.")]

SCHEMA_VERSION = 1
# Records that an answer rests on, directly or by way of others: a chain of causes is short.
MOST_GROUNDS = 50


def why(
    subject: Wanted,
    interface: Interface = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
    at: At = None,
    limit: Limit = 12,
) -> None:
    """Tell why a peer is connected or not, whose an address is, and what led to it."""
    from wgmesh.projections.subjects import subject_of
    from wgmesh.projections.why import why as answered

    directory = find_state(interface, state_dir)
    with open_log(directory) as reader:
        node = view_in(reader, directory, at)
        answer = answered(node.mesh, subject_of(node.mesh, subject), circumstances(node))
        story = _story(reader, node, answer, limit)
    _as_json(subject, node, answer, story) if as_json else _as_text(node, answer, story)


def circumstances(node: View) -> "Circumstances":
    """When it is asked, and what is seen then."""
    from wgmesh.domain.events import DatagramsRejected
    from wgmesh.projections.why_answer import Circumstances

    told = (record.event for record in node.quoted.values() if isinstance(record.event, DatagramsRejected))
    seen = (node.live.rejected,) if node.live and node.live.rejected.counts else ()
    return Circumstances(node.at, node.awake, node.running, node.live, (*seen, *told))


def _story(reader: "LogReader", node: View, answer: "Answer", limit: int) -> "tuple[Told, ...]":
    from wgmesh.domain.events import HeadWitnessed  # how far others' logs reach explains nothing
    from wgmesh.projections.why_story import told

    last = node.mesh.head.sequence
    records = _grounds(reader, answer.grounds)
    mentioned = reader.mentioning(answer.words, last, limit)
    records |= {record.sequence: record for record in mentioned if not isinstance(record.event, HeadWitnessed)}
    story = [records[sequence] for sequence in sorted(records)]
    if not story:
        return ()
    return told(folded(reader, story[0].sequence - 1), node.mesh, story, answer.identity)


def _grounds(reader: "LogReader", sequences: tuple[int, ...]) -> "dict[int, Record]":
    """The records that it rests on, and those that they rest on."""
    found: dict[int, Record] = {}
    while (wanted := [each for each in sequences if each not in found]) and len(found) < MOST_GROUNDS:
        newly = records_of(reader, wanted)
        found |= newly
        sequences = tuple(ground for record in newly.values() for ground in record.because)
    return found


def _as_json(subject: str, node: View, answer: "Answer", story: "tuple[Told, ...]") -> None:
    say_json(
        {
            "schema_version": SCHEMA_VERSION,
            "at": node.at,
            "sequence": node.mesh.head.sequence,
            "subject": subject,
            "verdict": answer.verdict,
            "facts": [{"label": label, "text": text} for label, text in answer.facts],
            "records": story,
        }
    )


def _as_text(node: View, answer: "Answer", story: "tuple[Told, ...]") -> None:
    say(answer.verdict, "strong")
    for label, text in answer.facts:
        say(f"  {label:<9}  {text}")
    if story:
        say("")
    for line in _lines(node, story):
        say(line)


def _lines(node: View, story: "tuple[Told, ...]") -> Iterator[str]:
    from wgmesh.cli.times import stamp

    width = max((len(str(each.sequence)) for each in story), default=0)
    for each in story:
        rests = f"  (on {', '.join(map(str, each.because))})" if each.because else ""
        yield f"{each.sequence:>{width}}  {stamp(each.at, node.at)}  {each.cause}  {each.sentence}{rests}"
