/// Reads what `ByteWriter` wrote; anything else is damage, never a trap.
public struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private var index: Int

  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    index = bytes.startIndex
  }

  public var isAtEnd: Bool { index == bytes.endIndex }

  public mutating func byte() throws(EntryDamage) -> UInt8 {
    guard index < bytes.endIndex else { throw EntryDamage() }
    defer { index += 1 }
    return bytes[index]
  }

  public mutating func length() throws(EntryDamage) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let next = try byte()
      // Neither more than 64 bits nor a needless zero at the end: a number has one encoding.
      if shift == 63, next > 1 { throw EntryDamage() }
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 {
        if next == 0, shift > 0 { throw EntryDamage() }
        return value
      }
    }
    throw EntryDamage()
  }

  public mutating func integer() throws(EntryDamage) -> Int64 {
    let value = try length()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  public mutating func text() throws(EntryDamage) -> String {
    guard let text = String(validating: try block(), as: UTF8.self) else { throw EntryDamage() }
    return text
  }

  /// As many bytes as a length says that stands before them.
  public mutating func block() throws(EntryDamage) -> ArraySlice<UInt8> {
    try take(Int(clamping: try length()))
  }

  public mutating func take(_ count: Int) throws(EntryDamage) -> ArraySlice<UInt8> {
    guard count <= bytes.endIndex - index else { throw EntryDamage() }
    defer { index += count }
    return bytes[index..<index + count]
  }

  mutating func isPresent() throws(EntryDamage) -> Bool {
    switch try byte() {
    case 0: false
    case 1: true
    default: throw EntryDamage()
    }
  }
}
