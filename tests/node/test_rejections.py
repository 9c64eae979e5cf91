from wgmesh.domain.cadence import EPOCH
from wgmesh.domain.inputs import Rejected
from wgmesh.node.rejections import COUNTED, NAMED, Rejections


def test_where_nothing_was_rejected_nothing_is_due() -> None:
    assert Rejections().due is None


def test_a_report_is_due_an_epoch_after_the_first_rejection() -> None:
    rejections = Rejections()
    rejections.count("seal", "192.0.2.1", 1_000)
    rejections.count("size", "192.0.2.2", 9_000)
    assert rejections.due == 1_000 + EPOCH


def test_a_report_counts_by_reason_and_names_the_loudest_first() -> None:
    rejections = Rejections()
    for source, times in (("192.0.2.1", 2), ("192.0.2.2", 5), ("192.0.2.3", 2)):
        rejections.count("seal", source, 0, times)
    rejections.count("addressee", "192.0.2.3", 0)
    expected = Rejected({"addressee": 1, "seal": 9}, ("192.0.2.2", "192.0.2.3", "192.0.2.1"))
    assert rejections.report() == expected


def test_what_is_counted_so_far_can_be_looked_at() -> None:
    rejections = Rejections()
    assert rejections.so_far() == Rejected({}, ())
    rejections.count("seal", "192.0.2.1", 0)
    assert rejections.so_far() == Rejected({"seal": 1}, ("192.0.2.1",)) == rejections.report()
    assert rejections.so_far() == Rejected({}, ())


def test_after_a_report_the_count_begins_anew() -> None:
    rejections = Rejections()
    rejections.count("seal", "192.0.2.1", 0)
    rejections.report()
    assert rejections.due is None
    rejections.count("size", "192.0.2.2", 5)
    assert rejections.report() == Rejected({"size": 1}, ("192.0.2.2",))


def test_row_31_a_million_sources_fill_no_memory_and_hide_no_loud_one() -> None:
    rejections = Rejections()
    for number in range(10_000):
        rejections.count("seal", f"quiet-{number}", 0)
        rejections.count("seal", "loud", 0, times=3)
    assert len(rejections._sources) == COUNTED
    report = rejections.report()
    assert report.counts == {"seal": 40_000}
    assert len(report.sources) == NAMED
    assert report.sources[0] == "loud"


def test_row_31_a_loud_source_is_named_though_a_crowd_came_after_it() -> None:
    rejections = Rejections()
    rejections.count("seal", "loud", 0, times=1000)
    for number in range(10_000):
        rejections.count("seal", f"quiet-{number}", 0)
    assert rejections._sources["loud"] == 1000
    assert rejections.report().sources[0] == "loud"
