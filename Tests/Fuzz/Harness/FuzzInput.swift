/// Takes an input apart into small decisions. At its end everything is zero.
struct FuzzInput {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { offset >= bytes.count }

  mutating func byte() -> UInt8 {
    guard offset < bytes.count else { return 0 }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// 0 to `limit` - 1.
  mutating func below(_ limit: Int) -> Int { Int(byte()) % limit }

  mutating func uint16() -> UInt16 { UInt16(byte()) | UInt16(byte()) << 8 }

  mutating func uint32() -> UInt32 { UInt32(uint16()) | UInt32(uint16()) << 16 }

  /// As many bytes as the next one says, or as are left.
  mutating func string() -> [UInt8] { take(Int(byte())) }

  mutating func take(_ count: Int) -> [UInt8] {
    let end = min(bytes.count, offset + count)
    defer { offset = end }
    return Array(bytes[min(offset, end)..<end])
  }

  mutating func rest() -> [UInt8] { take(bytes.count) }
}
