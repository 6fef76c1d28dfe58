/// Writes protobuf's wire format into memory of exactly the size that `encodedSize` gave.
///
/// Nothing grows and nothing is copied twice. Writing beyond the memory stops the process: the
/// sizes and the writes come from the same schema, so that would be a defect of the generator.
public struct WireWriter {
  @usableFromInline let bytes: UnsafeMutableRawBufferPointer
  @usableFromInline var position: Int

  /// How many bytes were written.
  @inlinable
  public var offset: Int { position }

  /// A writer into `bytes`, which must outlive it.
  @inlinable
  public init(_ bytes: UnsafeMutableRawBufferPointer) {
    self.bytes = bytes
    self.position = 0
  }

  // What most fields consist of is inlined wherever it is used: the optimiser by itself makes calls
  // of it, which cost a small message 6 % of its encoding. Tags are constants, so that what is left
  // of `writeTag` is a check and a store.

  /// Makes room for `count` bytes and returns the offset of the first.
  @inlinable @inline(__always)
  mutating func claim(_ count: Int) -> Int {
    let start = position
    precondition(count <= bytes.count &- start, "more bytes are written than encodedSize announced")
    position = start &+ count
    return start
  }

  // MARK: Varints and tags

  @inlinable @inline(__always)
  public mutating func writeVarint(_ value: UInt64) {
    if value < 0x80 {
      bytes[claim(1)] = UInt8(truncatingIfNeeded: value)
    } else {
      writeLongVarint(value)
    }
  }

  @usableFromInline
  mutating func writeLongVarint(_ value: UInt64) {
    var index = claim(WireSize.varint(value))
    var rest = value
    while rest >= 0x80 {
      bytes[index] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest >>= 7
      index &+= 1
    }
    bytes[index] = UInt8(truncatingIfNeeded: rest)
  }

  /// A field's tag, its number shifted over its wire type.
  @inlinable @inline(__always)
  public mutating func writeTag(_ tag: UInt32) { writeVarint(UInt64(tag)) }

  // MARK: Raw bytes

  /// Bytes as they are, without tag or length.
  @inlinable
  public mutating func writeRaw(_ source: UnsafeRawBufferPointer) {
    let start = claim(source.count)
    guard !source.isEmpty else { return }
    UnsafeMutableRawBufferPointer(rebasing: bytes[start..<position]).copyMemory(from: source)
  }

  @inlinable
  public mutating func writeFixed32(_ value: UInt32) {
    let start = claim(4)
    bytes.storeBytes(of: value.littleEndian, toByteOffset: start, as: UInt32.self)
  }

  @inlinable
  public mutating func writeFixed64(_ value: UInt64) {
    let start = claim(8)
    bytes.storeBytes(of: value.littleEndian, toByteOffset: start, as: UInt64.self)
  }
}
