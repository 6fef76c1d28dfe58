/// What one side of a connection announces in HELLO and then holds its peer to.
public struct ConnectionSettings: Sendable, Equatable {
  /// Largest payload of one frame, in bytes: 64 KiB.
  public var maxFrameBytes = 64 << 10
  /// Largest message over all its frames, in bytes: 4 MiB.
  public var maxMessageBytes = 4 << 20
  /// Calls that the peer may have open at once: 1,024.
  public var maxConcurrentStreams = 1_024
  /// Credit that the peer has on a new stream before a CREDIT, in bytes: 1 MiB.
  public var initialStreamCredit = 1 << 20
  /// Credit that the peer has on the connection before a CREDIT, in bytes: 8 MiB.
  public var initialConnectionCredit = 8 << 20
  /// How long a silent connection waits before a PING: 30 s; both sides use the larger of the two.
  public var pingIntervalMilliseconds = 30_000
  /// How long the peer has to say HELLO, and to answer a PING: 10 s.
  public var peerTimeoutMilliseconds = 10_000
  /// How long a frame that has begun to arrive may take: 30 s.
  public var frameTimeoutMilliseconds = 30_000
  /// Unsent bytes above which the connection takes no more from its peer: 4 MiB.
  public var outboundHighWaterBytes = 4 << 20
  /// What the connection may hold in all for both sides, in bytes: 64 MiB.
  public var maxBufferedBytes = 64 << 20
  /// Server: age at which a connection is drained, so that clients spread over the servers that
  /// there are by then; each connection's own lies up to a tenth beside it. 30 min; 0 is never.
  public var maxConnectionAgeMilliseconds = 30 * 60_000
  /// Name and version of the software, for logs and Introspect only.
  public var software = "assay/1"

  public init() {}

  /// As the members say.
  public static let defaults = ConnectionSettings()
}

/// The protocol's version range and magic, frozen in `proto-spec/wire.md`.
public enum WireProtocol {
  public static let minVersion: UInt32 = 1
  public static let maxVersion: UInt32 = 1
  /// "ASSAY", then carriage return, newline and a zero: text-mode transports and other protocols'
  /// greetings cannot produce it.
  public static let magic: [UInt8] = [0x41, 0x53, 0x53, 0x41, 0x59, 0x0D, 0x0A, 0x00]
  /// Credit that a MESSAGE costs beside its payload, in bytes: what a receiver keeps with it.
  public static let messageOverheadBytes = 64
  /// The `last_stream` of a drain's first GOAWAY: whatever is under way is still taken.
  public static let anyStream = UInt32(Int32.max)
  /// Longest ping interval: a peer must not be able to have its silence overlooked for ever.
  public static let maxPingIntervalMilliseconds: UInt32 = 3_600_000
  /// What a HELLO may be at most, checked before its own limits are known.
  public static let maxHelloBytes = 16 << 10
  /// What TLS negotiates by ALPN.
  public static let applicationProtocol = "assay/1"
}
