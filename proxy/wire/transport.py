"""A transport over a socket of our own, TLS or not: what asyncio's does, with less around each read and write.

OpenSSL reads from the socket itself; asyncio passes each record through two buffers and eight calls.

Source: asyncio's documentation (Transports and Protocols); the `ssl` module's (Notes on non-blocking sockets).
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from proxy.wire.loop import StreamLoop

READ = 64 * 1024
HIGH, LOW = 64 * 1024, 16 * 1024
"""With more than this unsent the protocol is told to pause, with less than that to go on."""
NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SocketTransport(asyncio.Transport):
    """Reads and writes a connected, non-blocking socket; its protocol is told from within reads and writes."""

    def __init__(self, loop: StreamLoop, sock: socket.socket, protocol: asyncio.Protocol) -> None:
        super().__init__({"socket": sock, "peername": sock.getpeername()})
        self._loop, self._sock, self._protocol = loop, sock, protocol
        self._number = sock.fileno()
        self._unsent = bytearray()
        self._is_reading = self._is_full = self._is_closing = self._ends = False
        self._waits_to_read = False
        """TLS must hear something before it can send."""
        protocol.connection_made(self)
        try:
            self.resume_reading()
        except OSError as error:  # The system watches no more descriptors: epoll_ctl(2).
            self._lose(error)
            raise

    def is_closing(self) -> bool:
        """Tell whether it is closed, or will be when all is sent."""
        return self._is_closing

    def get_write_buffer_size(self) -> int:
        """Tell how many bytes are not sent yet."""
        return len(self._unsent)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._is_reading = False
        self._loop.leave_stream(self._number)

    def resume_reading(self) -> None:
        """Read again."""
        if not self._is_reading and not self._is_closing:
            self._is_reading = True
            self._loop.read_stream(self._number, self._readable)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send what can be sent now, and the rest as soon as it can."""
        if self._is_closing or not data:
            return
        if not self._unsent:
            try:
                sent = self._sock.send(data)
            except OSError as error:
                sent = self._not_sent(error)
            if sent == len(data):
                return
            data = memoryview(data)[sent:]
        if self._number >= 0:
            self._unsent += data
            self._wait_to_write()
            self._tell_how_full()

    def can_write_eof(self) -> bool:
        """Tell that the end of what is written can be told without closing, but for TLS."""
        return not isinstance(self._sock, ssl.SSLSocket)

    def write_eof(self) -> None:
        """Tell the other end, when all is sent, that nothing more comes."""
        self._ends = True
        self._sent_all()

    def close(self) -> None:
        """Close when all is sent."""
        if not self._is_closing:
            self.pause_reading()
            self._is_closing = True
            self._sent_all()

    def abort(self) -> None:
        """Close at once."""
        self._lose(None)

    # --- private ------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        data = None
        try:
            data = self._sock.recv(READ)
        except Exception as error:  # noqa: BLE001 - called where nothing may be raised.
            self._not_read(error)
        try:
            if data:
                self._protocol.data_received(data)
            elif data is not None:
                self._end()
            if self._waits_to_read:
                self._writable()
        except Exception as error:  # noqa: BLE001 - as above; an OSError here is none of this socket's.
            self._loop.call_exception_handler({"message": "a reader failed", "exception": error})
            self._lose(error)

    def _not_read(self, error: Exception) -> None:
        """Wait, or give up; nothing has come."""
        if isinstance(error, ssl.SSLWantWriteError):
            self._loop.add_writer(self._number, self._writable)
        elif not isinstance(error, NOT_NOW):
            self._lose(error)

    def _end(self) -> None:
        if self._protocol.eof_received():
            self.pause_reading()
        else:
            self.close()

    def _writable(self) -> None:
        self._waits_to_read = False
        try:
            sent = self._sock.send(self._unsent) if self._unsent else 0
        except OSError as error:
            sent = self._not_sent(error)
        if self._number >= 0:
            del self._unsent[:sent]
            self._wait_to_write()
            self._sent_all()
            self._tell_how_full()

    def _not_sent(self, error: OSError) -> int:
        """Wait, or give up; nothing was sent."""
        self._waits_to_read = isinstance(error, ssl.SSLWantReadError)
        if not isinstance(error, NOT_NOW):
            self._lose(error)
        return 0

    def _sent_all(self) -> None:
        """Do what was to be done when all is sent, if it is."""
        if self._unsent or self._number < 0:
            return
        if self._is_closing:
            self._lose(None)
        elif self._ends:
            self._ends = False
            try:
                self._sock.shutdown(socket.SHUT_WR)
            except OSError as error:
                self._lose(error)

    def _wait_to_write(self) -> None:
        if self._unsent and not self._waits_to_read:
            self._loop.add_writer(self._number, self._writable)
        else:
            self._loop.remove_writer(self._number)

    def _tell_how_full(self) -> None:
        size = len(self._unsent)
        if not self._is_full and size > HIGH:
            self._is_full = True
            self._protocol.pause_writing()
        elif self._is_full and size <= LOW:
            self._is_full = False
            self._protocol.resume_writing()

    def _lose(self, error: Exception | None) -> None:
        if self._number < 0:
            return
        self._loop.leave_stream(self._number)
        self._loop.remove_writer(self._number)
        self._number, self._is_closing, self._is_reading = -1, True, False
        self._unsent.clear()
        self._loop.call_soon(self._lost, error)

    def _lost(self, error: Exception | None) -> None:
        self._sock.close()
        self._protocol.connection_lost(error)
