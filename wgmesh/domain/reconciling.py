"""Two members whose sums differ find out where, and send each other what is missing: ever finer, a few datagrams each.

Digest -> 128 sums of groups -> what the other holds of the groups that differ -> the records themselves, four datagrams
in flight. With one peer this begins once in 10 s; where it changed neither sum (the other keeps what we have forgotten,
or one of us has no room) ever more rarely. What a peer pulls is at most all there is, once in 10 s.
"""

from wgmesh.domain import lots
from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendDigest, SendGossip, SendRecords
from wgmesh.domain.gossip_messages import MOST_PAIRS, PAIR_BYTES, SHARE_BYTES, Buckets, Digest, Pairs, Pull
from wgmesh.domain.holdings import differing, group, holdings, lacking, split, sums, wanted
from wgmesh.domain.inputs import Whispered
from wgmesh.domain.mesh import DIGEST_MODULUS, fingerprint
from wgmesh.domain.passing import PAGES, that_fit
from wgmesh.domain.session import PEER_CAP, Bucket, Comparison, Trade, remember
from wgmesh.domain.values import MINUTE, SECOND

# One full comparison with a peer (threats, row 34); where it came to nothing, twice as long each time.
PAUSE = 10 * SECOND
LONGEST_PAUSE = 10 * MINUTE
MOST_IN_VAIN = 6
# Groups that one datagram of Pairs names beside 60 pairs.
NUMBERS_AT_ONCE = 100
# A few datagrams are under way at once, then there is a pause.
TRADE_PAUSE = SECOND // 5
ASKED_AT_ONCE = 16
# A trade is over after so many rounds more than would do if none were lost; a later comparison finds what is left.
SPARE_ROUNDS = 3
# So many records one peer may pull at once; in a PAUSE it may have as many again.
SERVED_AT_ONCE = PEER_CAP


def hear(draft: Draft, whispered: Whispered) -> Verdict:
    """A member said what it holds, or what it lacks."""
    match whispered.message:
        case Digest() as digest:
            yield from _compare(draft, whispered, digest)
        case Buckets(theirs):
            yield from _show(draft, whispered, theirs)
        case Pairs(numbers, pairs):
            yield from _find(draft, whispered, numbers, split(pairs, PAIR_BYTES))
        case Pull(shares):
            yield from _serve(draft, whispered, split(shares, SHARE_BYTES))


def _compare(draft: Draft, whispered: Whispered, digest: Digest) -> Verdict:
    """Where the sums differ, ours of each group are the answer."""
    sender, now = whispered.sender, draft.now.awake
    theirs, ours = int.from_bytes(digest.total), (draft.mesh.digest + whispered.own) % DIGEST_MODULUS
    last = draft.session.comparisons.get(sender)
    is_again = last is not None and (last.theirs, last.ours) == (theirs, ours)
    pause = min(PAUSE << last.in_vain, LONGEST_PAUSE) if last is not None and is_again else PAUSE
    if theirs != ours and (last is None or now - last.began >= pause):
        in_vain = min(last.in_vain + 1, MOST_IN_VAIN) if last is not None and is_again else 0
        begun = Comparison(theirs, ours, now, in_vain)
        draft.remember(comparisons=remember(draft.session.comparisons, sender, begun, PEER_CAP))
        yield SendGossip(sender, Buckets(sums(holdings(draft.mesh, whispered.own))))
    elif digest.asks:
        yield SendDigest(sender, asks=False)


def _show(draft: Draft, whispered: Whispered, theirs: bytes) -> Verdict:
    """Say what we hold of the groups that differ: what four datagrams hold, and which groups, is left to chance."""
    sender, now = whispered.sender, draft.now.awake
    last = draft.session.answered.get(sender)
    if last is not None and now - last < PAUSE:
        return
    draft.remember(answered=remember(draft.session.answered, sender, now, PEER_CAP))
    held = holdings(draft.mesh, whispered.own)
    odd = differing(sums(held), theirs)
    said = [Pairs(b"", b"")]
    for number in lots.some(draft.now.lot, "groups", odd, len(odd)):
        ours = lots.some(draft.now.lot, "pairs", group(held, number), MOST_PAIRS)
        packed = b"".join(ours)
        if len(said[-1].pairs) + len(packed) > MOST_PAIRS * PAIR_BYTES or len(said[-1].numbers) == NUMBERS_AT_ONCE:
            said.append(Pairs(b"", b""))
        said[-1] = Pairs(said[-1].numbers + bytes([number]), said[-1].pairs + packed)
    yield from (SendGossip(sender, pairs) for pairs in said[:PAGES] if pairs.numbers)


def _find(draft: Draft, whispered: Whispered, numbers: bytes, pairs: list[bytes]) -> Verdict:
    """What differs goes both ways, since no hash says which of two records is the newer."""
    sender, now = whispered.sender, draft.now.awake
    known = draft.session.comparisons.get(sender)
    if known is None or now - known.began >= PAUSE:
        return
    held = holdings(draft.mesh, whispered.own)
    buried = {int.from_bytes(stone.share): True for stone in draft.mesh.tombstones.values()}
    before = draft.session.trades.get(sender, Trade((), (), 0))
    missing = (share for share in wanted(held, pairs) if share not in buried)
    wants = tuple(dict.fromkeys((*before.wanted, *missing)))[:PEER_CAP]
    gives = tuple(dict.fromkeys((*before.given, *lacking(held, numbers, pairs))))
    rounds = SPARE_ROUNDS + (len(wants) + len(gives)) // PAGES
    if wants or gives:
        trades = remember(draft.session.trades, sender, Trade(wants, gives, rounds), PEER_CAP)
        draft.remember(trades=trades)
    if draft.session.trade_due is None:
        yield from trade(draft)


def trade(draft: Draft) -> Verdict:
    """With everybody with whom something is open: ask for the next that we lack, pass on the next that it lacks."""
    held = {fingerprint(peer.signed): True for peer in draft.mesh.peers.values()}
    trades = dict[bytes, Trade]()
    for peer, known in draft.session.trades.items():
        wants = tuple(share for share in known.wanted if share not in held)
        gives = that_fit(draft.mesh, known.given)
        if wants:
            asked = (share.to_bytes(SHARE_BYTES) for share in wants[:ASKED_AT_ONCE])
            yield SendGossip(peer, Pull(b"".join(asked)))
        if gives:
            yield SendRecords(peer, gives)
        later = Trade(wants, tuple(each for each in known.given if gives and each not in gives), known.rounds - 1)
        if (later.wanted or later.given) and later.rounds:
            trades[peer] = later
    draft.remember(trades=trades, trade_due=draft.now.awake + TRADE_PAUSE if trades else None)


def _serve(draft: Draft, whispered: Whispered, shares: list[bytes]) -> Verdict:
    """Pass on what was asked for, as much as may be in flight, within what this peer may still have."""
    sender, now = whispered.sender, draft.now.awake
    held = {share: identity for identity, share in holdings(draft.mesh, whispered.own).items()}
    asked = (held.get(int.from_bytes(share)) for share in shares)
    found = that_fit(draft.mesh, (identity for identity in asked if identity is not None))
    full = SERVED_AT_ONCE * SECOND
    bucket = draft.session.served.get(sender, Bucket(full, now))
    tokens = min(full, bucket.tokens + (now - bucket.counted) * full // PAUSE)
    given = found[: tokens // SECOND]
    left = Bucket(tokens - len(given) * SECOND, now)
    draft.remember(served=remember(draft.session.served, sender, left, PEER_CAP))
    if given:
        yield SendRecords(sender, given)
