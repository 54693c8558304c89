"""The body of one answer on its way out: framed, and cut, stalled or chopped where the fault says so."""

from tests.kit.claude.wire import ClientGoneError, Connection, chunk


class CutError(Exception):
    """The fault ends the answer here; the connection has been dealt with."""


class Sink:
    """Writes a streamed body; counts its bytes before framing."""

    def __init__(self, connection: Connection, fault: dict[str, str]):
        self._connection = connection
        self._fault = fault
        self._sent = 0
        self._events = 0
        self._chunked = not {"until-close", "http10"} & fault.keys()
        self._cut = int(fault["cut"]) if "cut" in fault else None
        at, _, seconds = fault.get("stall", "").partition(",")
        self._stall = (int(at), float(seconds or 3600)) if at else None

    @property
    def framing(self) -> list[tuple[str, str]]:
        """Return the headers that say how the body is framed."""
        return [("Transfer-Encoding", "chunked")] if self._chunked else [("Connection", "close")]

    async def event(self, data: bytes) -> None:
        """Send one event; raises CutError where the fault ends the stream, ClientGoneError if nobody listens."""
        if self._fault.get("cut-event") == str(self._events):
            await self._end_badly()
        self._events += 1
        if self._stall and self._sent <= self._stall[0] < self._sent + len(data):
            at, seconds = self._stall[0] - self._sent, self._stall[1]
            await self._write(data[:at])
            self._stall = None
            await self._connection.pause(seconds)
            data = data[at:]
        if self._cut is not None and self._sent + len(data) >= self._cut:
            await self._write(data[: self._cut - self._sent])
            await self._end_badly()
        await self._write(data)

    async def _write(self, data: bytes) -> None:
        self._sent += len(data)
        size = int(self._fault.get("bytes", 0)) or len(data) or 1
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            await self._connection.send(chunk(piece) if self._chunked else piece)
            if "bytes" in self._fault:
                await self._connection.pause(0)

    async def end(self) -> None:
        """Finish the body as its framing demands."""
        if not self._chunked:
            self._connection.drop()
        elif "bad-chunk" in self._fault:
            await self._connection.send(b"zz\r\n")
            self._connection.drop()
        elif "trailers" in self._fault:
            await self._connection.send(b"0\r\nx-trailer: yes\r\n\r\n")
        else:
            await self._connection.send(chunk(b""))

    async def _end_badly(self) -> None:
        how = self._fault.get("how", "fin")
        if how == "clean":
            await self.end()
        else:
            # Give what was written its time: an RST would overtake it and the place of the cut would be chance.
            await _flushed(self._connection)
            self._connection.drop(rudely=how == "rst")
        raise CutError


async def _flushed(connection: Connection) -> None:
    for _ in range(100):
        if connection.transport.get_write_buffer_size() == 0:
            break
        await connection.pause(0.01)
    try:
        await connection.pause(0.03)
    except ClientGoneError:
        raise CutError from None
