import Codec
import CodecSchemas

/// The type of a field, of which there is a random value.
protocol RandomValue {
  static func random(_ random: inout RandomFields) -> Self
}

extension RandomValue where Self: FixedWidthInteger {
  static func random(_ random: inout RandomFields) -> Self { random.integer(Self.self) }
}

extension Int32: RandomValue {}
extension Int64: RandomValue {}
extension UInt32: RandomValue {}
extension UInt64: RandomValue {}

extension Bool: RandomValue {
  static func random(_ random: inout RandomFields) -> Bool { random.next() & 1 == 1 }
}

extension Float: RandomValue {
  static func random(_ random: inout RandomFields) -> Float {
    let edges: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.5,
    ]
    return random.below(2) == 0
      ? edges[random.below(edges.count)]
      : Float(bitPattern: UInt32(truncatingIfNeeded: random.next() >> 2))
  }
}

extension Double: RandomValue {
  static func random(_ random: inout RandomFields) -> Double {
    let edges: [Double] = [
      0, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.5,
    ]
    return random.below(2) == 0
      ? edges[random.below(edges.count)] : Double(bitPattern: random.next() >> 2)
  }
}

extension String: RandomValue {
  /// Two keys of a map that Unicode holds to be equal, and protobuf does not.
  private static let equivalent = ["\u{e9}", "e\u{301}"]

  /// Characters at the edges of UTF-8's lengths.
  private static let scalars: [Unicode.Scalar] = [
    "a", "Z", "0", "\u{0}", "\u{7f}", "\u{80}", "\u{e9}", "e", "\u{301}", "\u{7ff}", "\u{800}",
    "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{1f373}", "\u{10ffff}",
  ]

  static func random(_ random: inout RandomFields) -> String {
    if random.below(5) == 0 { return equivalent[random.below(2)] }
    // Some above the fifteen bytes that a small string holds.
    let length = random.below(8) == 0 ? random.below(200) : random.below(12)
    var text = String.UnicodeScalarView()
    for _ in 0..<length { text.append(scalars[random.below(scalars.count)]) }
    return String(text)
  }
}

extension [UInt8]: RandomValue {
  static func random(_ random: inout RandomFields) -> [UInt8] {
    let length = random.below(8) == 0 ? random.below(300) : random.below(6)
    return (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }
}

extension RandomValue where Self: ProtoEnum {
  static func random(_ random: inout RandomFields) -> Self {
    // The schema's numbers, and some that it does not have.
    random.below(4) == 0
      ? Self(rawValue: random.integer(Int32.self))
      : Array(allCases)[random.below(allCases.count)]
  }
}

/// A message of which every field can be made at random.
protocol RandomMessage: RandomValue, Message {
  mutating func fill(_ random: inout RandomFields)
}

extension RandomMessage {
  static func random(_ random: inout RandomFields) -> Self {
    var message = Self()
    guard random.enterMessage() else { return message }
    message.fill(&random)
    random.leaveMessage()
    return message
  }
}
