/// A 32-byte SHA-256 value: the name of a blob, a link of a hash chain, a stored key.
///
/// Kept as four words, so that it is cheap to copy, compare and hash as a dictionary key.
public struct Digest: Hashable, Sendable {
  /// The length of every digest.
  public static let byteCount = 32

  /// All bits zero: the predecessor of a hash chain's first entry.
  public static let zero = Digest(0, 0, 0, 0)

  @usableFromInline let word0, word1, word2, word3: UInt64

  private init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
    self.word0 = word0
    self.word1 = word1
    self.word2 = word2
    self.word3 = word3
  }

  /// Reads a digest from 32 bytes that the caller has made sure of.
  init(exactly bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == Digest.byteCount)
    func word(_ index: Int) -> UInt64 {
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
    }
    self.init(word(0), word(1), word(2), word(3))
  }

  /// A digest from its bytes; `nil` unless there are exactly 32.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Digest.byteCount else { return nil }
    self = bytes.withUnsafeBytes { Digest(exactly: $0) }
  }

  /// A digest from its hexadecimal text, upper or lower case; `nil` unless exactly 64 digits.
  public init?(hex: String) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes: bytes)
  }

  /// Appends the 32 bytes.
  public func append(to bytes: inout [UInt8]) {
    withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// Hands the 32 bytes to `body`.
  @inlinable
  public func withUnsafeBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
    let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
    return Swift.withUnsafeBytes(of: words) { body($0) }
  }

  /// The 32 bytes.
  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Digest.byteCount) { buffer, count in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      withUnsafeBytes { raw.copyMemory(from: $0) }
      count = Digest.byteCount
    }
  }

  /// 64 hexadecimal digits, lower case.
  public var hex: String { Hex.encode(bytes) }

  /// Whether both are equal, in a time that does not depend on where they differ.
  static func constantTimeEquals(_ a: Digest, _ b: Digest) -> Bool {
    (a.word0 ^ b.word0) | (a.word1 ^ b.word1) | (a.word2 ^ b.word2) | (a.word3 ^ b.word3) == 0
  }
}

extension Digest: Comparable {
  /// The order of the bytes, and so of the hexadecimal texts.
  public static func < (a: Digest, b: Digest) -> Bool {
    (a.word0, a.word1, a.word2, a.word3) < (b.word0, b.word1, b.word2, b.word3)
  }
}

extension Digest: CustomStringConvertible {
  public var description: String { hex }
}

/// Hexadecimal text, for digests.
enum Hex {
  private static let digits = Array("0123456789abcdef".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
      for (index, byte) in bytes.enumerated() {
        buffer[index * 2] = digits[Int(byte >> 4)]
        buffer[index * 2 + 1] = digits[Int(byte & 15)]
      }
      return bytes.count * 2
    }
  }

  static func decode(_ text: String) -> [UInt8]? {
    let utf8 = Array(text.utf8)
    guard utf8.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(utf8.count / 2)
    for index in stride(from: 0, to: utf8.count, by: 2) {
      guard let high = value(utf8[index]), let low = value(utf8[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
