"""Whose connection it is: other users of the machine can connect, too, and may see what a browser is started with."""

import os
import socket
from pathlib import Path

import pytest

from proxy.peers import is_stranger_s

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
ME, OTHER = 1000, 1001


def row(near: int, far: int, user: int, state: str = "01", address: str = "0100007F") -> str:
    """Spell one line of Linux's table of sockets."""
    return f"   0: {address}:{near:04X} {address}:{far:04X} {state} 00000000:00000000 00:00000000 00000000 {user} 0 1"


def table(folder: Path, *rows: str, name: str = "tcp") -> Path:
    """Write such a table."""
    (folder / "net").mkdir(exist_ok=True)
    (folder / "net" / name).write_text("\n".join([HEAD, *rows]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("rows", "is_one"),
    [
        ([row(5000, 2878, ME)], False),
        ([row(5000, 2878, OTHER)], True),
        ([row(5000, 2878, 0)], False),
        ([row(2878, 5000, OTHER), row(5000, 2878, ME)], False),
        ([row(5000, 2878, 0, state="06"), row(5000, 2878, OTHER)], True),
        ([row(5000, 2879, OTHER)], False),
        ([], False),
    ],
)
def test_a_connection_is_a_stranger_s_if_another_user_has_its_other_end(
    tmp_path: Path, rows: list[str], is_one: bool
) -> None:
    assert is_stranger_s(5000, 2878, me=ME, proc=table(tmp_path, *rows)) is is_one


def test_a_connection_by_ipv6_to_this_machine_is_known_too(tmp_path: Path) -> None:
    mapped = row(5000, 2878, OTHER, address="0000000000000000FFFF00000100007F")
    assert is_stranger_s(5000, 2878, me=ME, proc=table(tmp_path, mapped, name="tcp6"))


def test_a_port_that_another_user_listens_on_is_a_stranger_s(tmp_path: Path) -> None:
    listens = row(2878, 0, OTHER, state="0A", address="00000000")
    assert is_stranger_s(2878, me=ME, proc=table(tmp_path, listens))
    assert not is_stranger_s(2877, me=ME, proc=tmp_path)


def test_where_nobody_tells_and_for_root_nobody_is_a_stranger(tmp_path: Path) -> None:
    assert not is_stranger_s(5000, 2878, me=ME, proc=tmp_path)
    assert not is_stranger_s(5000, 2878, me=0, proc=table(tmp_path, row(5000, 2878, OTHER)))


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells whose a socket is")
def test_sockets_of_this_very_process_are_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as peer:
            near = peer.getsockname()[1]
            found = [is_stranger_s(near, port, me=54321), is_stranger_s(port, me=54321)]
    assert found == [os.geteuid() != 0] * 2  # Root is a stranger to nobody.
