"""What HTTP says, and what it must not: the words that requests on the wire are made of."""

CRLF = b"\r\n"
HARMLESS: tuple[tuple[tuple[bytes, bytes], ...], ...] = (
    (),
    (),
    ((b"Expect", b"100-continue"),),
    ((b"Connection", b"close"),),
    ((b"Connection", b"keep-alive"),),
    ((b"Connection", b"Upgrade, HTTP2-Settings"), (b"Upgrade", b"h2c"), (b"HTTP2-Settings", b"AAMAAABkAAQ")),
    ((b"Connection", b"x-secret, x-api-kez"), (b"x-secret", b"1")),
    ((b"x-text", b"gr\xc3\xbc\xc3\x9fe \xff"), (b"x-empty", b"")),
    tuple((b"x-%d" % n, b"v" * 20) for n in range(100)),
    ((b"x-long", b"a" * 30_000),),
    ((b"Content-Encoding", b"identity"), (b"TE", b"trailers"), (b"Trailer", b"X-Trailer")),
    ((b"Sec-Fetch-Site", b"none"), (b"Cookie", b"a=b; c=d"), (b"Forwarded", b"for=10.0.0.1;host=evil.example")),
    ((b"X-Forwarded-Host", b"evil.example"), (b"X-Original-URL", b"/admin"), (b"X-HTTP-Method-Override", b"DELETE")),
    ((b"Content_Length", b"3"), (b"Transfer_Encoding", b"chunked"), (b"Content_Type", b"text/plain")),
)
AMBIGUOUS = (
    b"LENGTHTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nLENGTH", b"LENGTHLENGTH",
    b"LENGTHContent-Length: 3\r\n", b"Content-Length: 0\r\nLENGTH",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: chunked,\r\n", b"Transfer-Encoding: xchunked\r\nLENGTH",
    b"Transfer-Encoding: \x0bchunked\r\nLENGTH", b'Transfer-Encoding: "chunked"\r\nLENGTH',
    b"Transfer-Encoding : chunked\r\nLENGTH", b"Transfer-Encoding:\r\n chunked\r\nLENGTH",
    b"Transfer-Encoding\t: chunked\r\nLENGTH", b" Transfer-Encoding: chunked\r\nLENGTH",
    b"X: y\nTransfer-Encoding: chunked\r\nLENGTH", b"X: y\rTransfer-Encoding: chunked\r\nLENGTH",
    b"Transfer-Encoding: chun\r\n ked\r\nLENGTH",
)  # fmt: skip
LENGTHS = (
    b"-1", b"+N", b"0xN", b"N, N", b"N,N", b"N N", b"N;", b"N.0", b"1e2", b"", b" ", b"N\x00", b"\xb2", b"9" * 16,
    b"9" * 20, b"18446744073709551616", b"34603009", b"99999999999", b"N\x0b", b"'N'", b"N\r\n N", b"NaN", b"_N",
)  # fmt: skip
SIZES = (
    b"-N", b"+N", b"0xN", b" N", b"N N", b"", b"G", b"N,", b"10000000000000000N", b"\tN",
    b"N\x00", b"N\n;", b"1", b"3;",
)  # fmt: skip
FIELDS = (
    b"no colon", b": empty name", b"x y: 1", b"x\x00y: 1", b"x: a\x00b", b"x : 1", b"x\t: 1", b" x: 1", b"x: a\r\n b",
    b"x: a\rb", b"x: a\nHost: evil.example", b"x\xe9: 1", b"(x): 1", b"x: \x01", b"x: \x7f", b"\x0bx: 1",
    b"x: a\r\n\tb", b"Host: HOST", b"content-type: application/json",
    b"Origin: http://HOST\r\nOrigin: http://evil.example", b"@: 1",
)  # fmt: skip
HOSTS: tuple[tuple[bytes, ...], ...] = (
    (), (b"",), (b"evil.example",), (b"127.0.0.1",), (b"127.0.0.1:1",), (b"HOST.",), (b"HOST@evil.example",),
    (b"evil.example@HOST",), (b"HOST,evil.example",), (b"HOST", b"evil.example"), (b"evil.example", b"HOST"),
    (b"HOST", b"HOST"), (b"[::1]:2877",), (b"0.0.0.0:2877",), (b"HOST/",), (b"http://HOST",), (b"HOST#",), (b"\xff",),
)  # fmt: skip
LINES = (
    b"POST http://HOST/v1/messages HTTP/1.1", b"POST http://evil.example/v1/messages HTTP/1.1",
    b"CONNECT HOST HTTP/1.1", b"CONNECT api.anthropic.com:443 HTTP/1.1", b"OPTIONS * HTTP/1.1",
    b"POST /v1/messages HTTP/1.2", b"POST /v1/messages HTTP/2.0", b"POST /v1/messages HTTP/0.9", b"POST /v1/messages",
    b"POST /v1/messages http/1.1", b"POST /v1/messages HTTP/1.1 ",
    b"POST\t/v1/messages\tHTTP/1.1", b"POST /v1/messages\x00 HTTP/1.1",
    b"POST /v1/mess ages HTTP/1.1", b"post /v1/messages HTTP/1.1", b"PO ST /v1/messages HTTP/1.1",
    b"P\x00ST /v1/messages HTTP/1.1", b"POST v1/messages HTTP/1.1", b"POST \\v1\\messages HTTP/1.1",
    b"POST //v1/messages HTTP/1.1", b"POST /v1/../v1/messages HTTP/1.1", b"POST /%761/messages HTTP/1.1",
    b"POST /v1/messages/ HTTP/1.1", b"POST /v1/messages%00 HTTP/1.1", b"POST /v1%2fmessages HTTP/1.1",
    b"POST /v1/messages\r HTTP/1.1", b"POST /v1/messages\n HTTP/1.1", b"POST /v1/messages;a=b HTTP/1.1",
    b"POST /V1/MESSAGES HTTP/1.1", b"POST /v1/messages\xe2\x80\x8b HTTP/1.1",
    b"POST @evil.example/v1/messages HTTP/1.1", b"POST /v1/messages HTTP/11", b"POST /v1/messages HTTP/1.1\x00",
    b"PUT /v1/messages HTTP/1.1", b"DELETE /v1/messages HTTP/1.1", b"PATCH /v1/messages HTTP/1.1",
    b"TRACE /v1/messages HTTP/1.1", b"POST ?beta=true HTTP/1.1", b"POST  HTTP/1.1", b"POST /v1/messages#a HTTP/1.1",
    b"M-SEARCH /v1/messages HTTP/1.1", b"SOURCE /v1/messages HTTP/1.1", b"POST /v1/messages HTTP/1.1\nX: y",

)  # fmt: skip
FOREIGN = (
    (b"Origin", b"http://evil.example"), (b"Origin", b"null"), (b"Origin", b""), (b"Sec-Fetch-Site", b"cross-site"),
    (b"Sec-Fetch-Site", b"same-site"), (b"content-type", b"text/plain"), (b"content-type", b""),
    (b"content-type", b"application/x-www-form-urlencoded"), (b"content-type", b"application/jsonp"),
    (b"content-type", b"text/plain;application/json"), (b"content-type", b"multipart/form-data; boundary=a"),
    (b"Content-Encoding", b"gzip"), (b"Content-Encoding", b"identity, gzip"), (b"Content-Encoding", b"deflate"),
)  # fmt: skip
TARGETS = (
    b"/", b"/health", b"/api/hello", b"/v1/models", b"/v1/models?limit=1000", b"/v1/models/claude-opus-5-5",
    b"/v1/files", b"/v1/messages/batches", b"/v1/complete", b"/v1/organizations", b"/v1/chat/completions",
    b"/v1/responses", b"/api/status", b"/metrics", b"/favicon.ico", b"/robots.txt", b"/.env", b"/../../etc/passwd",
    b"/v1/messages/count_tokens/", b"/%", b"/" + b"a/" * 2000, b"/?" + b"a=b&" * 500, b"/\xff\xfe", b"/%ff%fe",
    b"/v1/models?\xff", b"/v1/models?a=%0d%0aX:y", b"/v1/models#", b"/static/x.js", b"/v1/embeddings",
    b"/v1/completions", b"/:80", b"/..;/", b"/%2e%2e/", b"/v1",
)  # fmt: skip
OTHER_PROTOCOLS = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x05\x01\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x00" * 9, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", b"\r\n\r\n\x0d\x0a\x00\r\nQUIT\n\x21\x11\x00\x0c",
    b"SSH-2.0-x\r\n", b"\x04\x01", b"EHLO x\r\n", b"GET /\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\xef\xbb\xbf", b"{}",
    b"*1\r\n$4\r\nPING\r\n", b"\x80\x2e",
)  # fmt: skip
TOKENS = (
    b"\x00", b"\r", b"\n", CRLF, CRLF * 2, b" ", b"\t", b":", b";", b",", b"chunked",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 0\r\n", b"0\r\n\r\n", b"\xff", b"\x0b", b"\x7f",
    b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1", b"%00", b"\\", b"Connection: close\r\n", b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"-", b"a" * 300,
)  # fmt: skip
