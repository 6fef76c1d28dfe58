/// Lower-case hexadecimal digits, eight at a time in one word.
enum HexDigits {
  /// Text of `count` characters that `write` fills with digits or other ASCII.
  static func string(count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) -> String {
    String(unsafeUninitializedCapacity: count) {
      write(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer($0)[..<count]))
      return count
    }
  }

  /// Writes 16 digits at `offset`.
  static func write(_ value: UInt64, to bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
    let high = digits(UInt32(truncatingIfNeeded: value >> 32))
    let low = digits(UInt32(truncatingIfNeeded: value))
    bytes.storeBytes(of: high.bigEndian, toByteOffset: offset, as: UInt64.self)
    bytes.storeBytes(of: low.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
  }

  /// Reads 16 digits at `offset`; nil if one of them is none.
  static func read(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64? {
    guard let high = half(bytes, at: offset), let low = half(bytes, at: offset + 8) else {
      return nil
    }
    return UInt64(high) << 32 | UInt64(low)
  }

  /// The value of one digit.
  static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  private static func half(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32? {
    let text = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    // Letters have bit 6 and count from 1 in their low bits, digits count from 0.
    var nibbles =
      (text & 0x0F0F_0F0F_0F0F_0F0F) &+ ((text >> 6) & 0x0101_0101_0101_0101) &* 9
    nibbles &= 0x0F0F_0F0F_0F0F_0F0F
    nibbles = (nibbles | nibbles >> 4) & 0x00FF_00FF_00FF_00FF
    nibbles = (nibbles | nibbles >> 8) & 0x0000_FFFF_0000_FFFF
    let value = UInt32(truncatingIfNeeded: nibbles | nibbles >> 16)
    // Whatever was no digit is spelled otherwise.
    return digits(value) == text ? value : nil
  }

  /// The eight digits of `value`, the first in the highest byte.
  private static func digits(_ value: UInt32) -> UInt64 {
    var nibbles = UInt64(value)
    nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
    nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
    nibbles = (nibbles | nibbles << 4) & 0x0F0F_0F0F_0F0F_0F0F
    let isLetter = ((nibbles &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    let lettersFollowNine = UInt64(UInt8(ascii: "a") - UInt8(ascii: "9") - 1)
    return nibbles &+ 0x3030_3030_3030_3030 &+ isLetter &* lettersFollowNine
  }
}
