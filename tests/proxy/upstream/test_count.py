"""The count that is asked for before money is held, and every way it can fail: the request goes on without it."""

import threading

import pytest

from proxy.services import ProxyOptions
from tests.kit.raw import Answer, Client, message, post
from tests.kit.scripted import Scripted, eventually

LONG = message("x" * 200_000, max_tokens=100)
"""$0.44 by its bytes; the tests leave $0.20."""


def ask(url: str) -> Answer:
    with Client(url) as client:
        return client.ask(LONG)


def counted(tokens: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(tokens), tokens)


@pytest.mark.parametrize(
    "said",
    {
        "nothing": b"",
        "half an answer": counted(b'{"input_tokens": 9}')[:-4],
        "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{",
        "no JSON": counted(b"<html>"),
        "no number": counted(b'{"input_tokens": "9"}'),
        "a negative number": counted(b'{"input_tokens": -9}'),
        "a list": counted(b"[9]"),
        "an error": b"HTTP/1.1 529 Overloaded\r\nContent-Length: 0\r\n\r\n",
        "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    }.values(),
)
def test_a_count_that_fails_leaves_the_request_where_its_bytes_put_it(start, said):
    with Scripted(lambda line: line.send(said)) as claude:
        proxy = start(cloud=f"http://127.0.0.1:{claude.port}", budget="0.2", cutoff="0.2")
        answer = ask(proxy.url)
        assert answer.status == 402
        assert "$0.45 needed" in answer.error["message"]
        assert proxy.entries() == []


def test_the_emergency_stop_ends_a_count_under_way(start):
    closed: list[bool] = []
    answers: list[Answer] = []
    with Scripted(lambda line: closed.append(line.wait_closed(5))) as claude:
        proxy = start(cloud=f"http://127.0.0.1:{claude.port}", budget="0.2", cutoff="0.2")
        asking = threading.Thread(target=lambda: answers.append(ask(proxy.url)))
        asking.start()
        assert eventually(lambda: len(claude.requests) == 1)
        assert claude.requests[0].startswith(b"POST /v1/messages/count_tokens HTTP/1.1\r\n")
        proxy.ledger.stop()
        proxy.server.cut(lambda forward: forward.is_cloud)
        assert eventually(lambda: closed == [True])
        asking.join(5)
    assert answers[0].status == 402
    assert "stopped" in answers[0].error["message"]
    assert claude.connections == 1


def test_many_counts_at_once_keep_nobody_else_waiting(start):
    with Scripted(lambda line: line.wait_closed(10) and None) as claude:
        proxy = start(
            cloud=f"http://127.0.0.1:{claude.port}", budget="0.2", cutoff="0.2", options=ProxyOptions(queue_wait_s=0)
        )
        clients = [Client(proxy.url) for _ in range(20)]
        for client in clients:
            client.send(post(proxy.url, LONG))
        assert eventually(lambda: len(claude.requests) == 20)
        with Client(proxy.url, timeout_s=2) as other:
            other.send(b"GET /health HTTP/1.1\r\nHost: %b\r\n\r\n" % proxy.url[7:].encode())
            assert other.answer().status == 200
        for client in clients:
            client.close()
        assert eventually(lambda: not proxy.server._hub.exchanges)
