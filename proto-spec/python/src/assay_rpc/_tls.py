"""TLS 1.3 without I/O: ciphertext in, plaintext out, and the other way round."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

from ._client_hello import NO_APPLICATION_PROTOCOL, Incomplete, offered_protocols
from ._frames import ALPN

_READ_BYTES = 256 << 10


@dataclass(frozen=True)
class TLS:
    """How a client secures its connection.

    ``ca_file`` holds the authorities to trust, in PEM; the system's where it is None. The two
    certificate files prove who the client is, where the server asks.
    """

    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    """The name that the server's certificate must bear; the target's host where it is None."""

    def context(self) -> ssl.SSLContext:
        """A context that verifies the server."""
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file)
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return _assay_only(context)


@dataclass(frozen=True)
class ServerTLS:
    """How a server secures its connections.

    With ``client_ca_file`` clients must prove themselves by a certificate of these authorities.
    """

    certificate_file: str
    key_file: str
    client_ca_file: str | None = None

    def context(self) -> ssl.SSLContext:
        """A context for all connections of a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        if self.client_ca_file is not None:
            context.load_verify_locations(self.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
        return _assay_only(context)


def _assay_only(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols([ALPN])
    return context


class TLSLayer:
    """One TLS connection over bytes that somebody else moves."""

    def __init__(self, context: ssl.SSLContext, *, server_name: str | None = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._is_server = server_name is None
        self._object = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=self._is_server,
            server_hostname=server_name,
        )
        self.is_ready = False
        """The handshake is complete."""
        self._is_shut = False
        self._unseen: bytes | None = b"" if self._is_server else None
        """Server: what has come of the client's first message."""
        self._alert = b""

    def handshake(self) -> None:
        """Goes on as far as what has arrived allows; raises ``ssl.SSLError``."""
        if self.is_ready:
            return
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return
        # A server has looked at what was offered; a client that offers nothing says by the magic of
        # HELLO what it speaks.
        if not self._is_server and self._object.selected_alpn_protocol() != ALPN:
            raise ssl.SSLError(f"the peer does not speak {ALPN} (ALPN): not an Assay peer")
        self.is_ready = True

    def decrypt(self, data: bytes) -> bytes:
        """The plaintext of what arrived, as far as it is complete; raises ``ssl.SSLError``."""
        if self._unseen is not None:
            if not self._has_seen_offer(data):
                return b""
            data, self._unseen = self._unseen, None
        self._incoming.write(data)
        self.handshake()
        if not self.is_ready:
            return b""
        plain = bytearray()
        try:
            while True:
                part = self._object.read(_READ_BYTES)
                if not part:
                    break
                plain += part
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        return bytes(plain)

    def _has_seen_offer(self, data: bytes) -> bool:
        """Server: whether the client's first message is complete; raises ``ssl.SSLError`` if it
        offers protocols and not this one."""
        self._unseen = (self._unseen or b"") + data
        try:
            offered = offered_protocols(self._unseen)
        except Incomplete:
            return False
        if offered is not None and ALPN.encode() not in offered:
            self._alert = NO_APPLICATION_PROTOCOL
            raise ssl.SSLError(f"the client offers {offered} (ALPN), not {ALPN}")
        return True

    def encrypt(self, plain: bytes) -> None:
        """Plaintext to send; only when ready."""
        view = memoryview(plain)
        while view:
            view = view[self._object.write(view) :]

    def shut(self) -> None:
        """Ends this side's direction: close_notify."""
        if self._is_shut:
            return
        self._is_shut = True
        if self.is_ready:
            try:
                self._object.unwrap()
            except ssl.SSLError:
                pass  # Its own close_notify need not have come; ours is in the outgoing bytes.

    def take_output(self) -> bytes:
        """Ciphertext to write."""
        alert, self._alert = self._alert, b""
        return alert + self._outgoing.read()

    @property
    def peer_subject(self) -> str | None:
        """Subject of the peer's certificate, "CN=…", where it was verified."""
        certificate = self._object.getpeercert()
        if not certificate:
            return None
        subject: Any = certificate.get("subject", ())
        names = [pair for group in subject for pair in group]
        return ", ".join(f"{_SHORT.get(key, key)}={value}" for key, value in names)


_SHORT = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU"}
