/// Reads protobuf's wire format from memory that outlives it.
///
/// The reader sees one message at a time: `limit` is where that message ends, and nested messages
/// move it inwards. Every length is checked against it before anything is allocated, so what a
/// sender claims costs nothing until the bytes are really there.
public struct WireReader {
  /// How deep messages may nest unless the reader is told otherwise; protobuf's own default.
  public static let defaultRecursionLimit = 100

  @usableFromInline let bytes: UnsafeRawBufferPointer
  /// Offset of the next byte to read.
  @usableFromInline var offset: Int
  /// Offset at which the current message ends.
  @usableFromInline var limit: Int
  /// Offset of the tag that `nextTag` last returned, for unknown fields.
  @usableFromInline var tagOffset: Int
  /// How many more levels may be entered.
  @usableFromInline var levelsLeft: Int
  @usableFromInline let recursionLimit: Int

  /// A reader of the message that is all of `bytes`, which must outlive the reader.
  @inlinable
  public init(
    _ bytes: UnsafeRawBufferPointer, recursionLimit: Int = WireReader.defaultRecursionLimit
  ) {
    self.bytes = bytes
    self.offset = 0
    self.limit = bytes.count
    self.tagOffset = 0
    self.levelsLeft = recursionLimit
    self.recursionLimit = recursionLimit
  }

  /// How many bytes of the current message are unread.
  @inlinable
  public var bytesLeft: Int { limit &- offset }

  @inlinable
  public var isAtEnd: Bool { offset == limit }

  // MARK: Tags

  /// The next field's tag, or nil at the end of the current message.
  @inlinable
  public mutating func nextTag() throws(CodecError) -> UInt32? {
    guard offset < limit else { return nil }
    tagOffset = offset
    let byte = bytes[offset]
    if byte < 0x80, byte >= 0x08 {
      offset &+= 1
      return UInt32(byte)
    }
    return try readLongTag()
  }

  @usableFromInline
  mutating func readLongTag() throws(CodecError) -> UInt32 {
    let start = offset
    let value = try readVarint()
    // Five bytes hold any 32-bit tag; a longer spelling is an error in every implementation.
    guard offset - start <= 5, value <= UInt64(UInt32.max), value >= 8 else {
      throw .invalidTag(value)
    }
    return UInt32(truncatingIfNeeded: value)
  }

  // MARK: Varints

  @inlinable
  public mutating func readVarint() throws(CodecError) -> UInt64 {
    if offset < limit {
      let byte = bytes[offset]
      if byte < 0x80 {
        offset &+= 1
        return UInt64(byte)
      }
    }
    return try readLongVarint()
  }

  @usableFromInline
  mutating func readLongVarint() throws(CodecError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    var position = offset
    while position < limit {
      let byte = bytes[position]
      position &+= 1
      // The tenth byte holds the 64th bit; what it has beyond is dropped, as Google's readers do.
      value |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 {
        offset = position
        return value
      }
      if shift == 63 { throw .malformedVarint }
      shift &+= 7
    }
    throw .truncated
  }

  // MARK: Fixed width

  @inlinable
  public mutating func readFixed32() throws(CodecError) -> UInt32 {
    guard limit &- offset >= 4 else { throw .truncated }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    offset &+= 4
    return UInt32(littleEndian: value)
  }

  @inlinable
  public mutating func readFixed64() throws(CodecError) -> UInt64 {
    guard limit &- offset >= 8 else { throw .truncated }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    offset &+= 8
    return UInt64(littleEndian: value)
  }

  // MARK: Length-delimited

  /// The bytes of a length-delimited field, still in the reader's memory.
  @inlinable
  public mutating func readDelimited() throws(CodecError) -> UnsafeRawBufferPointer {
    let length = try readLength()
    let start = offset
    offset &+= length
    return UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
  }

  /// A length prefix that the current message has room for.
  @inlinable
  public mutating func readLength() throws(CodecError) -> Int {
    let length = try readVarint()
    guard length <= UInt64(limit &- offset) else {
      throw .lengthOutOfBounds(length: length, available: limit &- offset)
    }
    return Int(truncatingIfNeeded: length)
  }

  /// Reads a length-delimited field as a message of its own: in `body` the reader ends where the
  /// field ends.
  @inlinable
  public mutating func readNested(
    _ body: (inout WireReader) throws(CodecError) -> Void
  ) throws(CodecError) {
    let length = try readLength()
    let outerLimit = limit
    try enterLevel()
    limit = offset &+ length
    try body(&self)
    // Whatever the body left is skipped, so that the outer message goes on at its next field.
    offset = limit
    limit = outerLimit
    levelsLeft &+= 1
  }

  @inlinable
  mutating func enterLevel() throws(CodecError) {
    guard levelsLeft > 0 else { throw .recursionLimit(recursionLimit) }
    levelsLeft &-= 1
  }
}
