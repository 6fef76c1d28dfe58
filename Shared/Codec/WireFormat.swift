/// How a field's payload is delimited on the wire: the low three bits of its tag.
public enum WireType: UInt32, Sendable {
  case varint = 0
  case fixed64 = 1
  case lengthDelimited = 2
  case startGroup = 3
  case endGroup = 4
  case fixed32 = 5
}

/// Maps signed integers to unsigned ones so that small magnitudes get short varints.
public enum ZigZag {
  @inlinable
  public static func encode(_ value: Int32) -> UInt32 {
    UInt32(bitPattern: (value << 1) ^ (value >> 31))
  }

  @inlinable
  public static func encode(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: (value << 1) ^ (value >> 63))
  }

  @inlinable
  public static func decode(_ value: UInt32) -> Int32 {
    Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
  }

  @inlinable
  public static func decode(_ value: UInt64) -> Int64 {
    Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}

/// Sizes of encoded values in bytes, without their tags.
public enum WireSize {
  @inlinable
  public static func varint(_ value: UInt64) -> Int {
    // Bits in use, at least one; each byte carries seven of them. 9/64 stands in for 1/7, exactly
    // for 1 to 64 bits.
    let bits = 64 &- (value | 1).leadingZeroBitCount
    return (bits &* 9 &+ 64) >> 6
  }

  @inlinable
  public static func int32(_ value: Int32) -> Int {
    // Negative numbers are sign-extended to 64 bits: ten bytes.
    varint(UInt64(bitPattern: Int64(value)))
  }

  @inlinable
  public static func int64(_ value: Int64) -> Int { varint(UInt64(bitPattern: value)) }

  @inlinable
  public static func uint32(_ value: UInt32) -> Int { varint(UInt64(value)) }

  @inlinable
  public static func uint64(_ value: UInt64) -> Int { varint(value) }

  @inlinable
  public static func sint32(_ value: Int32) -> Int { varint(UInt64(ZigZag.encode(value))) }

  @inlinable
  public static func sint64(_ value: Int64) -> Int { varint(ZigZag.encode(value)) }

  @inlinable
  public static func enumeration(_ value: some ProtoEnum) -> Int { int32(value.rawValue) }

  /// A length prefix and as many bytes.
  @inlinable
  public static func delimited(_ length: Int) -> Int { varint(UInt64(length)) &+ length }

  @inlinable
  public static func string(_ value: String) -> Int { delimited(value.utf8.count) }

  @inlinable
  public static func bytes(_ value: [UInt8]) -> Int { delimited(value.count) }

  @inlinable
  public static func message(_ value: some Message) -> Int { delimited(value.encodedSize) }
}
