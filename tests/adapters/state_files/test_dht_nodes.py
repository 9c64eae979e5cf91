from pathlib import Path

from wgmesh.adapters.state_files.dht_nodes import CAP_BYTES, read_dht_nodes, write_dht_nodes


def test_nodes_are_kept_by_family_and_for_the_owner_alone(tmp_path: Path) -> None:
    write_dht_nodes(tmp_path, "IPv4", b"four")
    write_dht_nodes(tmp_path, "IPv6", b"six")
    assert read_dht_nodes(tmp_path, "IPv4") == b"four"
    assert read_dht_nodes(tmp_path, "IPv6") == b"six"
    assert (tmp_path / "dht-nodes.IPv4").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_missing_or_not_ours_to_trust_is_no_reason_not_to_start(tmp_path: Path) -> None:
    assert read_dht_nodes(tmp_path, "IPv4") == b""
    (tmp_path / "dht-nodes.IPv4").write_bytes(b"anybody's")
    (tmp_path / "dht-nodes.IPv4").chmod(0o666)
    assert read_dht_nodes(tmp_path, "IPv4") == b""


def test_more_than_a_table_holds_is_cut_off(tmp_path: Path) -> None:
    write_dht_nodes(tmp_path, "IPv4", bytes(2 * CAP_BYTES))
    assert read_dht_nodes(tmp_path, "IPv4") == bytes(CAP_BYTES)
