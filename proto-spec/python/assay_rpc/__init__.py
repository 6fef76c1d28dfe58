"""Client of the Assay protocol.

    from assay_rpc import Channel, Stub, TLS

`assay_rpc.Channel` is the plain client, `assay_rpc.aio.Channel` the asyncio one;
`assay_rpc.protocol` the protocol without input and output; `assay_rpc.server` a small server for
tests.
"""

from .method import Method, Stub
from .status import StatusCode, StatusError
from .stream import Settings
from .sync import Call, Channel
from .transport import TLS

__all__ = ["Call", "Channel", "Method", "Settings", "StatusCode", "StatusError", "Stub", "TLS"]
