from wgmesh.domain.punch import BURST, Punch, Punching

BOB = b"b" * 32


def test_a_burst_is_under_way_between_its_beginning_and_its_end_if_it_may_be_answered() -> None:
    punching = Punching(punches={BOB: Punch(began=1000, due=1000)})
    assert [punching.bursts_until(BOB, now) for now in (999, 1000, 999 + BURST, 1000 + BURST)] == [
        None,
        1000 + BURST,
        1000 + BURST,
        None,
    ]
    assert Punching().bursts_until(BOB, 0) is None
    assert Punching(punches={BOB: Punch(0, 0, is_mute=True)}).bursts_until(BOB, 0) is None
