from random import Random

from wgmesh.adapters.dht.compact import Contact
from wgmesh.adapters.dht.contacts import PATIENCE, Contacts, K
from wgmesh.domain.values import Endpoint

OWN = bytes(20)


def contact(number: int, node_id: bytes | None = None) -> Contact:
    return Contact(node_id or Random(number).randbytes(20), Endpoint(f"10.{number // 250}.{number % 250}.1", 6881))


def far(number: int) -> Contact:
    """A node of the half of all ids that ours is not in."""
    return contact(number, b"\xff" + Random(number).randbytes(19))


def test_the_nearest_are_the_nearest_exactly() -> None:
    contacts = Contacts(OWN)
    for number in range(600):
        contacts.add(contact(number))
    kept = contacts.all()
    assert 6 * K <= len(kept) == len(contacts) < 600
    for number in range(50):
        target = Random(1000 + number).randbytes(20)
        ranked = sorted(kept, key=lambda each: int.from_bytes(each.id) ^ int.from_bytes(target))
        assert contacts.closest(target) == ranked[:K]
        assert contacts.closest(target, 3) == ranked[:3]


def test_near_ones_are_kept_more_than_far_ones_and_old_ones_more_than_new() -> None:
    contacts = Contacts(OWN)
    for number in range(100):
        contacts.add(far(number))
    assert contacts.all() == [far(number) for number in range(K)]
    near = contact(101, bytes(10) + b"n" * 10)
    contacts.add(near)
    assert contacts.closest(OWN, 1) == [near]


def test_one_lost_packet_is_forgiven_and_so_are_two() -> None:
    contacts = Contacts(OWN)
    contacts.add(far(1))
    for _ in range(PATIENCE - 1):
        contacts.fail(far(1).id)
    contacts.add(far(1))
    for _ in range(PATIENCE - 1):
        contacts.fail(far(1).id)
    assert contacts.all() == [far(1)]
    contacts.fail(far(1).id)
    assert contacts.all() == []
    assert len(contacts) == 0


def test_who_goes_makes_room_for_who_waits() -> None:
    contacts = Contacts(OWN)
    for number in range(K + 1):
        contacts.add(far(number))
    contacts.remove(far(0).id)
    contacts.add(far(K))
    assert far(K) in contacts.all()


def test_one_address_has_one_place_however_many_ids_it_claims() -> None:
    contacts = Contacts(OWN)
    contacts.add(Contact(b"a" * 20, Endpoint("192.0.2.1", 1)))
    contacts.add(Contact(b"b" * 20, Endpoint("192.0.2.1", 2)))
    contacts.add(Contact(b"c" * 20, Endpoint("2001:db8::1", 1)))
    contacts.add(Contact(b"d" * 20, Endpoint("2001:db8::2", 1)))
    assert [each.id[:1] for each in contacts.all()] == [b"a", b"c"]


def test_we_are_not_our_own_contact() -> None:
    contacts = Contacts(OWN)
    contacts.add(contact(1, OWN))
    assert contacts.all() == []
