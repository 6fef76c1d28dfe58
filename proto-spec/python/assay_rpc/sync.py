"""The plain client: the asyncio one on a thread of its own.

Safe to use from many threads at once; each waits for its own answer.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading

from . import aio
from .method import Method
from .stream import Settings
from .transport import TLS


class Channel:
    """As `assay_rpc.aio.Channel`, without `await`. Close it, or use it with `with`."""

    def __init__(self, target: str, *, tls: TLS | None = None, credential: str = "",
                 settings: Settings | None = None, maximum_attempts: int = 4):
        self._channel = aio.Channel(
            target, tls=tls, credential=credential, settings=settings,
            maximum_attempts=maximum_attempts)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="assay-rpc", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Channel":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; open calls fail."""
        if self._loop.is_closed():
            return
        self._run(self._channel.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def unary(self, method: Method, request, **options):
        """Sends one message, receives one."""
        return self._run(self._channel.unary(method, request, **options))

    def future(self, method: Method, request, **options) -> concurrent.futures.Future:
        """A unary call that runs on; cancelling the future cancels the call at the server, too."""
        return asyncio.run_coroutine_threadsafe(
            self._channel.unary(method, request, **options), self._loop)

    def client_streaming(self, method: Method, requests, **options):
        """Sends every message of an iterable, receives one."""
        with self.bidirectional(method, **options) as call:
            try:
                for request in requests:
                    call.send(request)
                call.finish_sending()
            except aio.StatusError:
                pass  # An answer that came early says more: result() has it.
            return call.result()

    def server_streaming(self, method: Method, request, **options) -> "Call":
        """Sends one message; `with` the call and iterate, leaving early cancels."""
        return Call(self, lambda: self._channel.server_streaming(method, request, **options))

    def bidirectional(self, method: Method, **options) -> "Call":
        """Both ways at once: `with` the call, `send`, `finish_sending`, iterate."""
        return Call(self, lambda: self._channel.bidirectional(method, **options))

    def ping(self, timeout: float = 10.0) -> float:
        """Seconds that the peer takes to echo a PING."""
        return self._run(self._channel.ping(timeout))

    def _run(self, coroutine):
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # an interrupted wait leaves no call behind
            raise


class Call:
    """One call; see `assay_rpc.aio.Call`."""

    def __init__(self, channel: Channel, make):
        self._channel = channel
        self._make = make
        self._call: aio.Call | None = None

    def __enter__(self) -> "Call":
        async def enter():
            return await self._make().__aenter__()

        self._call = self._channel._run(enter())
        return self

    def __exit__(self, *_) -> None:
        self._channel._run(self._call.__aexit__())

    def __iter__(self) -> "Call":
        return self

    def __next__(self):
        message = self.next()
        if message is None:
            raise StopIteration
        return message

    def next(self):
        """The next message; None at the end."""
        return self._channel._run(self._call.next())

    def result(self):
        """The one message of the answer."""
        return self._channel._run(self._call.result())

    def send(self, message) -> None:
        """Sends one message; waits while the peer gives no credit."""
        self._channel._run(self._call.send(message))

    def finish_sending(self) -> None:
        """Says that no more messages follow."""
        self._channel._loop.call_soon_threadsafe(self._call.finish_sending)

    def cancel(self, reason: str = "") -> None:
        """Ends the call at once, from any thread; nothing if it is over."""
        self._channel._loop.call_soon_threadsafe(self._call.cancel, reason)

    @property
    def metadata(self) -> list:
        return self._call.metadata
