/// What a frame carries.
public enum FrameKind: UInt8, Sendable, CaseIterable {
  case hello = 1
  case request = 2
  case response = 3
  case message = 4
  case status = 5
  case cancel = 6
  case credit = 7
  case ping = 8
  case goaway = 9
}

/// The flags of a frame; bits that have no name yet are kept and ignored.
public struct FrameFlags: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8

  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The sender's last frame on this stream.
  @inlinable public static var endStream: FrameFlags { FrameFlags(rawValue: 0x01) }
  /// The message goes on in the next frame of this stream.
  @inlinable public static var more: FrameFlags { FrameFlags(rawValue: 0x02) }
  /// The frame carries no message, as opposed to a message of no bytes.
  @inlinable public static var empty: FrameFlags { FrameFlags(rawValue: 0x04) }
  /// The echo of a PING.
  @inlinable public static var ack: FrameFlags { FrameFlags(rawValue: 0x08) }
}

/// Why twelve bytes are no frame header; nothing that follows them on the connection can be read.
public enum FrameError: Error, Equatable, Sendable, CustomStringConvertible {
  case headerTruncated(count: Int)
  case reservedNotZero(UInt16)
  case unknownKind(UInt8)
  case payloadTooLong(length: UInt32, limit: Int)

  public var description: String {
    switch self {
    case .headerTruncated(let count):
      "a frame header is \(FrameHeader.size) bytes long, not \(count)"
    case .reservedNotZero(let value):
      "the reserved bytes of a frame header are \(value), expected 0"
    case .unknownKind(let kind):
      "frame kind \(kind) is unknown, expected 1 to 9"
    case .payloadTooLong(let length, let limit):
      "a frame announces \(length) bytes of payload, more than the limit of \(limit)"
    }
  }
}

/// The twelve bytes before every payload, little-endian:
/// `u32 payload length | u8 kind | u8 flags | u16 reserved, zero | u32 stream`.
public struct FrameHeader: Sendable, Hashable {
  public static let size = 12

  public var payloadLength: UInt32
  public var kind: FrameKind
  public var flags: FrameFlags
  /// The call that the frame belongs to; 0 is the connection itself.
  public var stream: UInt32

  @inlinable
  public init(kind: FrameKind, flags: FrameFlags = [], stream: UInt32, payloadLength: UInt32) {
    self.payloadLength = payloadLength
    self.kind = kind
    self.flags = flags
    self.stream = stream
  }

  /// Parses the first twelve of `bytes`; `limit` is the longest payload in bytes that the receiver
  /// announced.
  @inlinable
  public init(parsing bytes: UnsafeRawBufferPointer, limit: Int) throws(FrameError) {
    guard bytes.count >= FrameHeader.size else { throw .headerTruncated(count: bytes.count) }
    let reserved = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
    guard reserved == 0 else { throw .reservedNotZero(reserved) }
    guard let kind = FrameKind(rawValue: bytes[4]) else { throw .unknownKind(bytes[4]) }
    let length = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
    guard Int(length) <= limit else { throw .payloadTooLong(length: length, limit: limit) }
    self.payloadLength = length
    self.kind = kind
    self.flags = FrameFlags(rawValue: bytes[5])
    self.stream = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
  }

  /// Parses a header from an array, which may go on behind it.
  public init(parsing bytes: [UInt8], limit: Int) throws(FrameError) {
    self = try bytes.withUnsafeBufferPointer { (buffer) throws(FrameError) in
      try FrameHeader(parsing: UnsafeRawBufferPointer(buffer), limit: limit)
    }
  }

  /// Writes the header into the first twelve of `bytes`.
  @inlinable
  public func write(to bytes: UnsafeMutableRawBufferPointer) {
    precondition(bytes.count >= FrameHeader.size, "a frame header needs 12 bytes of memory")
    bytes.storeBytes(of: payloadLength.littleEndian, toByteOffset: 0, as: UInt32.self)
    bytes[4] = kind.rawValue
    bytes[5] = flags.rawValue
    bytes.storeBytes(of: UInt16(0), toByteOffset: 6, as: UInt16.self)
    bytes.storeBytes(of: stream.littleEndian, toByteOffset: 8, as: UInt32.self)
  }

  /// The twelve bytes.
  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: FrameHeader.size) { buffer, count in
      write(to: UnsafeMutableRawBufferPointer(buffer))
      count = FrameHeader.size
    }
  }
}
