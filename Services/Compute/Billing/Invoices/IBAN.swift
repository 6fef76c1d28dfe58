/// An account's international number (ISO 13616).
enum IBAN {
  /// Country, two check digits and 11 to 30 letters or digits, without spaces; in order are those
  /// that leave 1 when divided by 97 (ISO 7064, MOD 97-10), so that no single wrong digit and no
  /// two exchanged ones pass.
  static func isValid(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard 15...34 ~= bytes.count, bytes[..<2].allSatisfy(isLetter),
      bytes[2..<4].allSatisfy(isDigit), bytes[4...].allSatisfy({ isLetter($0) || isDigit($0) })
    else { return false }
    var rest = 0
    for byte in bytes[4...] + bytes[..<4] {
      // A letter stands for two digits: 10 for A to 35 for Z.
      rest = isDigit(byte) ? rest * 10 + Int(byte - 48) : rest * 100 + Int(byte - 55)
      rest %= 97
    }
    return rest == 1
  }

  private static func isDigit(_ byte: UInt8) -> Bool { 48...57 ~= byte }

  private static func isLetter(_ byte: UInt8) -> Bool { 65...90 ~= byte }
}
