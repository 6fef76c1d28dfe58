import ComputeDomain
import Testing

@Suite("Units of compute and money")
struct UnitsTests {
  @Test(
    "PFLOP text is read and printed exactly",
    arguments: [
      ("200", 200_000_000), ("0.4", 400_000), ("1.5", 1_500_000), ("0.000001", 1),
      ("9223.38", 9_223_380_000), ("18446.75", 18_446_750_000), ("0", 0), ("41.5", 41_500_000),
    ] as [(String, Int64)])
  func pflopText(text: String, gflop: Int64) throws {
    #expect(try GFLOP(pflopText: text) == GFLOP(gflop))
    #expect(GFLOP(gflop).pflopText == text)
  }

  @Test("zeros that say nothing are accepted and not printed")
  func redundantZeros() throws {
    #expect(try GFLOP(pflopText: "007.50000000") == GFLOP(7_500_000))
    #expect(try GFLOP(pflopText: "007.50000000").pflopText == "7.5")
  }

  @Test(
    "what is no plain decimal is refused",
    arguments: ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1.5.2", " 1", "½", "٣", "nan"])
  func malformedText(text: String) {
    #expect(throws: QuantityError.malformed(text)) { try GFLOP(pflopText: text) }
  }

  @Test("a fraction of a GFLOP is refused, not rounded")
  func tooPrecise() {
    #expect(throws: QuantityError.tooPrecise("0.0000001", fractionDigits: 6)) {
      try GFLOP(pflopText: "0.0000001")
    }
  }

  @Test("leaving 64 bits is an error with a name, never a wrong number")
  func overflow() throws {
    let most = GFLOP(.max)
    #expect(throws: QuantityError.self) { try most + GFLOP(1) }
    #expect(throws: QuantityError.self) { try GFLOP(.min) - GFLOP(1) }
    #expect(throws: QuantityError.self) { try most * 2 }
    #expect(throws: QuantityError.self) { try GFLOP(pflopText: "9223372036854.775808") }
    #expect(try GFLOP(pflopText: "9223372036854.775807") == most)
    #expect(throws: QuantityError.self) { try NanoEuro(of: most, atNanoEuroPerGFLOP: 25) }
    #expect(throws: QuantityError.self) { try NanoEuro(.max) + NanoEuro(1) }
    #expect(throws: QuantityError.self) { try Cents(.max) + Cents(1) }
  }

  @Test(
    "compute costs what it costs, to the cent",
    arguments: [
      ("2000", "50.00", "50.00"), ("0.000001", "0.000000025", "0.00"),
      ("0.0004", "0.00001", "0.00"), ("9223.38", "230.5845", "230.58"),
      ("18446.75", "461.16875", "461.17"), ("1000", "25.00", "25.00"),
      ("1000000", "25000.00", "25000.00"),
    ])
  func golden(pflop: String, exact: String, rounded: String) throws {
    let cost = try NanoEuro(of: GFLOP(pflopText: pflop), atNanoEuroPerGFLOP: 25)
    #expect(cost.description == exact)
    #expect(cost.roundedToCents.euroText == rounded)
  }

  @Test(
    "half a cent goes to the even cent, on both sides of zero",
    arguments: [
      (5_000_000, "0.00"), (15_000_000, "0.02"), (25_000_000, "0.02"), (35_000_000, "0.04"),
      (5_000_001, "0.01"), (4_999_999, "0.00"), (24_999_999, "0.02"), (25_000_001, "0.03"),
      (-5_000_000, "0.00"), (-15_000_000, "-0.02"), (-25_000_000, "-0.02"),
      (-25_000_001, "-0.03"), (-5_000_001, "-0.01"),
    ] as [(Int64, String)])
  func ties(nanoEuro: Int64, cents: String) {
    #expect(NanoEuro(nanoEuro).roundedToCents.euroText == cents)
  }

  @Test("the extremes of money round and print without a trap")
  func extremes() {
    #expect(NanoEuro(.max).roundedToCents.euroText == "9223372036.85")
    #expect(NanoEuro(.min).roundedToCents.euroText == "-9223372036.85")
    #expect(NanoEuro(.min).description == "-9223372036.854775808")
  }

  @Test(
    "days are those of the UTC calendar",
    arguments: [
      (0, "1970-01-01"), (-1, "1969-12-31"), (951_782_400_000, "2000-02-29"),
      (1_709_251_199_999, "2024-02-29"), (1_709_251_200_000, "2024-03-01"),
      (4_107_542_400_000, "2100-03-01"), (1_774_746_000_000, "2026-03-29"),
    ] as [(Int64, String)])
  func days(milliseconds: Int64, text: String) {
    #expect(UTCDay(containing: milliseconds).text == text)
  }

  @Test("months begin and end on their first moment, in leap years and at the year's end too")
  func months() throws {
    let february = try #require(UTCMonth(text: "2024-02"))
    #expect(february.milliseconds == 1_706_745_600_000..<1_709_251_200_000)
    let december = try #require(UTCMonth(text: "2025-12"))
    #expect(UTCDay(containing: december.milliseconds.upperBound).text == "2026-01-01")
    #expect(UTCDay(containing: december.milliseconds.upperBound - 1).text == "2025-12-31")
    #expect(UTCMonth(text: "2026-11")?.text == "2026-11")
    for wrong in ["2026-13", "2026-00", "2026-1", "26-11", "2026", "1969-01", "2026-11-01"] {
      #expect(UTCMonth(text: wrong) == nil)
    }
  }
}
