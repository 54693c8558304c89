"""The API's headers cross unchanged; those of one connection, and bursar's own, do not."""

from proxy.headers import as_text, to_agent, to_upstream


def test_the_api_s_headers_cross_with_their_case_and_order():
    api = [
        (b"User-Agent", b"claude-cli/2.1.329 (external, cli)"),
        (b"anthropic-version", b"2023-06-01"),
        (b"Anthropic-Beta", b"a,b"),
        (b"x-api-key", b"sk"),
        (b"Authorization", b"Bearer t"),
        (b"X-Stainless-Retry-Count", b"0"),
        (b"Anthropic-Beta", b"c"),
    ]
    assert to_upstream(api) == api


def test_hop_by_hop_headers_and_those_that_connection_names_do_not_cross():
    sent = [
        (b"Host", b"127.0.0.1:2877"),
        (b"Connection", b"keep-alive, X-Hop"),
        (b"X-Hop", b"1"),
        (b"Keep-Alive", b"5"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Content-Length", b"3"),
        (b"TE", b"trailers"),
        (b"Expect", b"100-continue"),
        (b"Proxy-Authorization", b"x"),
        (b"X-Bursar-Route", b"local"),
        (b"Accept", b"*/*"),
    ]
    assert to_upstream(sent) == [(b"Accept", b"*/*")]
    assert to_agent(sent, []) == [(b"Accept", b"*/*")]


def test_only_codings_that_can_be_metered_are_asked_for_and_none_that_the_agent_did_not_ask_for():
    asked = [(b"Accept-Encoding", b"gzip, deflate, br, zstd")]
    assert to_upstream(asked) == [(b"Accept-Encoding", b"gzip, deflate")]
    assert to_upstream([(b"accept-encoding", b"br;q=1")]) == [(b"accept-encoding", b"identity")]
    assert to_upstream([(b"accept-encoding", b"gzip;q=0.5, br")]) == [(b"accept-encoding", b"gzip;q=0.5")]
    assert to_upstream([]) == []


def test_an_upstream_cannot_speak_in_our_name():
    theirs = [(b"X-Bursar-Route", b"fake"), (b"request-id", b"req_1")]
    assert to_agent(theirs, [(b"x-bursar-route", b"anthropic/m")]) == [
        (b"request-id", b"req_1"),
        (b"x-bursar-route", b"anthropic/m"),
    ]


def test_a_header_that_came_twice_is_read_whole():
    sent = [(b"Anthropic-Beta", b"a,b"), (b"X-Other", b"1"), (b"anthropic-beta", b"c")]
    assert as_text(sent) == {"anthropic-beta": "a,b, c", "x-other": "1"}
