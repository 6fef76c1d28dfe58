import Foundation
import Testing

@testable import Formats

/// Decimal numbers are read to the bit that the C library reads.
@Suite("Decimal numbers")
struct NumberTests {
  static func parsed(_ text: String) -> Double? {
    var text = text
    return text.withUTF8 { NumberParser.double($0) }
  }

  /// Decimals of the forms that tables are written in.
  static func decimal(_ random: inout SeededGenerator) -> String {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: "\(Double.random(in: 0...1, using: &random))"
    case 1: "\(Double(bitPattern: .random(in: 0..<Double.infinity.bitPattern, using: &random)))"
    case 2: digits(1...25, &random) + "." + digits(0...25, &random)
    case 3: digits(1...19, &random) + "e\(Int.random(in: -60...60, using: &random))"
    case 4: "-0.000" + digits(1...20, &random) + "E-\(Int.random(in: 0...330, using: &random))"
    default: halfway(&random)
    }
  }

  static func digits(_ counts: ClosedRange<Int>, _ random: inout SeededGenerator) -> String {
    String(
      (0..<Int.random(in: counts, using: &random)).map { _ in
        Character("\(Int.random(in: 0...9, using: &random))")
      })
  }

  /// A number just between two neighbours, or beside: ties are where rounding goes wrong.
  static func halfway(_ random: inout SeededGenerator) -> String {
    let mantissa = UInt64.random(in: 1 << 53..<1 << 54, using: &random) | 1
    let shift = UInt64.random(in: 0...9, using: &random)
    return "\(mantissa << shift)"
  }

  @Test("random decimals have the bits that strtod gives them")
  func bits() {
    let count = ProcessInfo.processInfo.environment["ASSAY_DECIMALS"].flatMap(Int.init) ?? 100_000
    var random = SeededGenerator(seed: 20_261_126)
    for _ in 0..<count {
      let text = Self.decimal(&random)
      let expected = strtod(text, nil)
      let got = Self.parsed(text)
      if got?.bitPattern == expected.bitPattern { continue }
      Issue.record("\(text): \(String(describing: got)), not \(expected)")
      return
    }
  }

  @Test("what is no decimal number is none")
  func others() {
    let others = [
      "", "-", ".", "-.", "e5", "1e", "1e+", "1e5.", "1.2.3", "1 ", " 1", "0x10", "1_0",
    ]
    for text in others {
      #expect(Self.parsed(text) == nil, "\(text)")
    }
    for text in ["nan", "NaN", "-nan", "inf", "-Infinity"] {
      #expect(Self.parsed(text)?.isFinite == false, "\(text)")
    }
    for text in ["1e-400", "1e400", "00000000000000000000001.5", "1e00005", "+.5e1", "5.", "-0"] {
      #expect(Self.parsed(text)?.bitPattern == strtod(text, nil).bitPattern, "\(text)")
    }
  }
}
