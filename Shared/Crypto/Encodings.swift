/// Crockford's base 32: digits and letters without i, l, o, u, so that it can be read aloud.
///
/// Written in lower case, most significant bits first, without padding. Read in any case, with
/// `o` as 0 and `i`, `l` as 1. Source: https://www.crockford.com/base32.html
public enum Base32 {
  static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// The value of each ASCII character; 255 where there is none.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, character) in alphabet.enumerated() {
      values[Int(character)] = UInt8(value)
      if character >= UInt8(ascii: "a") { values[Int(character) - 32] = UInt8(value) }
    }
    for character in "oO".utf8 { values[Int(character)] = 0 }
    for character in "iIlL".utf8 { values[Int(character)] = 1 }
    return values
  }()

  /// The text of `bytes`: eight characters for each five bytes, rounded up.
  public static func encode(_ bytes: [UInt8]) -> String {
    BitGroups.encode(bytes, width: 5, alphabet: alphabet)
  }

  /// The bytes of `text`.
  public static func decode(_ text: String) throws(CryptoError) -> [UInt8] {
    try BitGroups.decode(text, width: 5, values: values, encoding: "base32")
  }
}

/// Base 64 with the alphabet that is safe in URLs and without padding (RFC 4648, section 5).
public enum Base64URL {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  /// The text of `bytes`.
  public static func encode(_ bytes: [UInt8]) -> String {
    BitGroups.encode(bytes, width: 6, alphabet: alphabet)
  }

  /// The bytes of `text`, which must be without padding and line breaks.
  public static func decode(_ text: String) throws(CryptoError) -> [UInt8] {
    try BitGroups.decode(text, width: 6, values: values, encoding: "base64url")
  }
}

/// The regrouping of eight-bit bytes into narrower groups that both encodings share.
private enum BitGroups {
  static func encode(_ bytes: [UInt8], width: Int, alphabet: [UInt8]) -> String {
    let capacity = (bytes.count * 8 + width - 1) / width
    return String(unsafeUninitializedCapacity: capacity) { buffer in
      var bits: UInt32 = 0
      var bitCount = 0
      var written = 0
      func put(_ value: UInt32) {
        buffer[written] = alphabet[Int(value) & ((1 << width) - 1)]
        written += 1
      }
      for byte in bytes {
        bits = (bits << 8 | UInt32(byte)) & 0xffff
        bitCount += 8
        while bitCount >= width {
          bitCount -= width
          put(bits >> UInt32(bitCount))
        }
      }
      if bitCount > 0 { put(bits << UInt32(width - bitCount)) }
      return written
    }
  }

  static func decode(
    _ text: String, width: Int, values: [UInt8], encoding: String
  ) throws(CryptoError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count * width / 8)
    var bits: UInt32 = 0
    var bitCount = 0
    for (offset, character) in text.utf8.enumerated() {
      let value = values[Int(character)]
      guard value != 255 else {
        throw .malformedText("character \(offset + 1) is not in the \(encoding) alphabet")
      }
      bits = (bits << UInt32(width) | UInt32(value)) & 0xffff
      bitCount += width
      guard bitCount >= 8 else { continue }
      bitCount -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
    }
    // Left-over bits that are set, or a whole left-over character, would let two texts mean the
    // same bytes.
    guard bitCount < width, bits & ((1 << UInt32(bitCount)) - 1) == 0 else {
      throw .malformedText("the \(encoding) text is cut off or does not end on a byte")
    }
    return bytes
  }
}
