"""The protocol for asyncio: ``Channel`` begins calls, ``Server`` answers them."""

from ._channel import Channel, ClientCall
from ._server import Server, ServerContext

__all__ = ["Channel", "ClientCall", "Server", "ServerContext"]
