/// What one side of a connection announces in HELLO and then holds its peer to.
public struct ConnectionSettings: Sendable, Equatable {
  /// Largest payload of one frame, in bytes.
  public var maxFrameBytes: Int
  /// Largest message over all its frames, in bytes.
  public var maxMessageBytes: Int
  /// Calls that the peer may have open at once.
  public var maxConcurrentStreams: Int
  /// MESSAGE payload that the peer may send on a new stream before a CREDIT, in bytes.
  public var initialStreamCredit: Int
  /// MESSAGE payload that the peer may send on the connection before a CREDIT, in bytes.
  public var initialConnectionCredit: Int
  /// How long a silent connection waits before a PING; both sides use the larger of the two.
  public var pingIntervalMilliseconds: Int
  /// How long the peer has to say HELLO, and to answer a PING.
  public var peerTimeoutMilliseconds: Int
  /// Unsent bytes above which the connection takes no more from its peer.
  public var outboundHighWaterBytes: Int
  public var software: String

  public init(
    maxFrameBytes: Int, maxMessageBytes: Int, maxConcurrentStreams: Int, initialStreamCredit: Int,
    initialConnectionCredit: Int, pingIntervalMilliseconds: Int, peerTimeoutMilliseconds: Int,
    outboundHighWaterBytes: Int, software: String
  ) {
    self.maxFrameBytes = maxFrameBytes
    self.maxMessageBytes = maxMessageBytes
    self.maxConcurrentStreams = maxConcurrentStreams
    self.initialStreamCredit = initialStreamCredit
    self.initialConnectionCredit = initialConnectionCredit
    self.pingIntervalMilliseconds = pingIntervalMilliseconds
    self.peerTimeoutMilliseconds = peerTimeoutMilliseconds
    self.outboundHighWaterBytes = outboundHighWaterBytes
    self.software = software
  }

  /// 64 KiB frames, 4 MiB messages, 1,024 streams, 1 MiB credit a stream and 8 MiB a connection,
  /// PING after 30 s of silence, 10 s for the peer to answer, 4 MiB unsent at most.
  public static let defaults = ConnectionSettings(
    maxFrameBytes: 64 << 10, maxMessageBytes: 4 << 20, maxConcurrentStreams: 1_024,
    initialStreamCredit: 1 << 20, initialConnectionCredit: 8 << 20,
    pingIntervalMilliseconds: 30_000, peerTimeoutMilliseconds: 10_000,
    outboundHighWaterBytes: 4 << 20, software: "assay/1")
}

/// The protocol's version range and magic, frozen in `proto-spec/wire.md`.
public enum WireProtocol {
  public static let minVersion: UInt32 = 1
  public static let maxVersion: UInt32 = 1
  /// "ASSAY", then carriage return, newline and a zero: text-mode transports and other protocols'
  /// greetings cannot produce it.
  public static let magic: [UInt8] = [0x41, 0x53, 0x53, 0x41, 0x59, 0x0D, 0x0A, 0x00]
  /// What a HELLO may be at most, checked before its own limits are known.
  public static let maxHelloBytes = 16 << 10
  /// What TLS negotiates by ALPN.
  public static let applicationProtocol = "assay/1"
}
