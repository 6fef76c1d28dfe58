/// Standard base64 (RFC 4648 section 4), with padding.
public enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  public static func encode(_ bytes: [UInt8]) -> String {
    let size = (bytes.count + 2) / 3 * 4
    return String(unsafeUninitializedCapacity: size) { output in
      var position = 0
      var index = 0
      while index < bytes.count {
        let left = bytes.count - index
        let first = UInt32(bytes[index]) << 16
        let second = left > 1 ? UInt32(bytes[index + 1]) << 8 : 0
        let third = left > 2 ? UInt32(bytes[index + 2]) : 0
        let group = first | second | third
        output[position] = alphabet[Int(group >> 18)]
        output[position + 1] = alphabet[Int(group >> 12 & 63)]
        output[position + 2] = left > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "=")
        output[position + 3] = left > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "=")
        position += 4
        index += 3
      }
      return size
    }
  }

  /// The bytes that `text` stands for, or nil when it is not base64.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 4 * 3)
    var group: UInt32 = 0
    var digits = 0
    var padding = 0
    for character in text.utf8 {
      if character == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      guard padding == 0, let digit = value(of: character) else { return nil }
      group = group << 6 | digit
      digits += 1
      if digits % 4 == 0 {
        bytes.append(UInt8(truncatingIfNeeded: group >> 16))
        bytes.append(UInt8(truncatingIfNeeded: group >> 8))
        bytes.append(UInt8(truncatingIfNeeded: group))
        group = 0
      }
    }
    guard (digits + padding) % 4 == 0, padding <= 2 else { return nil }
    switch digits % 4 {
    case 2 where group & 0xf == 0:
      bytes.append(UInt8(truncatingIfNeeded: group >> 4))
    case 3 where group & 0x3 == 0:
      bytes.append(UInt8(truncatingIfNeeded: group >> 10))
      bytes.append(UInt8(truncatingIfNeeded: group >> 2))
    case 0 where padding == 0:
      break
    default:
      return nil
    }
    return bytes
  }

  /// The bytes of a constant in generated code.
  public static func embedded(_ text: StaticString) -> [UInt8] {
    guard let bytes = decode(text.description) else {
      // The generator wrote the text with `encode`; anything else is a file edited by hand.
      preconditionFailure("an embedded constant is no base64: run deploy/generate")
    }
    return bytes
  }

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
