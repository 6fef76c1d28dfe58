import API
import Testing

@testable import Commands

@Suite("Values as people type them")
struct ValueTests {
  @Test(
    "PFLOP are read exactly, to the last GFLOP",
    arguments: [
      ("200", 200_000_000), ("41.5", 41_500_000), ("0.000001", 1), ("0", 0), ("0.100000", 100_000),
      ("9223372036854.775807", Int64.max),
    ])
  func readsPFLOP(text: String, gflop: Int64) {
    #expect(PFLOP.gflop(text) == gflop)
  }

  @Test(
    "What is no exact amount of PFLOP is refused",
    arguments: [
      "", ".", "1.", ".5", "-1", "+1", "1e3", "0.0000001", "1,5", " 1", "1_000", "٣",
      "9223372036854.775808", "99999999999999999999",
    ])
  func refusesPFLOP(text: String) {
    #expect(PFLOP.gflop(text) == nil)
  }

  @Test("Every amount that is printed reads back as itself")
  func printsPFLOP() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      let gflop = Int64.random(in: 0...Int64.max, using: &generator) >> Int64.random(in: 0...62)
      #expect(PFLOP.gflop(PFLOP.text(gflop: gflop)) == gflop)
    }
    #expect(PFLOP.text(gflop: 41_500_000) == "41.5")
    #expect(PFLOP.text(gflop: 1) == "0.000001")
    #expect(PFLOP.text(gflop: -2_500_000) == "-2.5")
  }

  @Test(
    "Times are read as UTC unless they say otherwise",
    arguments: [
      ("1970-01-01", 0), ("2026-12-31", 1_798_675_200), ("2000-02-29T12:30Z", 951_827_400),
      ("2026-12-31T18:00:00+01:00", 1_798_736_400), ("1969-12-31T23:59:59Z", -1),
    ])
  func readsTimes(text: String, seconds: Int64) {
    #expect(UTCTime.seconds(text) == seconds)
  }

  @Test(
    "A time that does not exist is refused",
    arguments: [
      "2026-02-29", "2026-13-01", "2026-1-1", "2026-11-31", "2026-12-31T24:00:00Z", "tomorrow",
      "2026-12-31T18:60Z", "2026-12-31 18:00", "2026-12-31T",
    ])
  func refusesTimes(text: String) {
    #expect(UTCTime.seconds(text) == nil)
  }

  @Test("Every second that is printed reads back as itself")
  func printsTimes() {
    for seconds: Int64 in stride(from: -5_000_000_000, through: 20_000_000_000, by: 86_399_977) {
      let time = Google_Protobuf_Timestamp(seconds: seconds)
      #expect(UTCTime.seconds(UTCTime.text(time)) == seconds)
    }
  }

  @Test("A lifetime is a number with a unit")
  func readsLifetimes() {
    #expect(Lifetime.seconds("90d") == 7_776_000)
    #expect(Lifetime.seconds("12h") == 43_200)
    #expect(Lifetime.seconds("0d") == nil)
    #expect(Lifetime.seconds("90") == nil)
    #expect(Lifetime.seconds("9223372036854775807w") == nil)
  }

  @Test("Enum values are named with dashes and read back with dashes or underscores")
  func namesEnums() {
    #expect(EnumName.text(CatalogTask.tabularClassification) == "tabular-classification")
    #expect(EnumName.text(CatalogUseCaseState.published) == "published")
    #expect(EnumName.value("Time_To-Event-Prediction", CatalogTask.self) == .timeToEventPrediction)
    #expect(EnumName.value("unspecified", CatalogTask.self) == nil)
    #expect(EnumName.all(CatalogTask.self).count == 10)
  }

  @Test("A price per GFLOP is shown per PFLOP without rounding")
  func pricesPerPFLOP() {
    #expect(Euro.perPFLOP(nanoEuroPerGFLOP: 25) == "0.025")
    #expect(Euro.perPFLOP(nanoEuroPerGFLOP: 1000) == "1")
    #expect(Euro.perPFLOP(nanoEuroPerGFLOP: 1200) == "1.2")
  }

  @Test("A price per PFLOP is read exactly, and refused where a GFLOP's has a fraction")
  func readsPricesPerPFLOP() {
    for price: Int64 in [0, 1, 25, 999, 1000, 1200, 1_000_000] {
      #expect(Euro.nanoEuroPerGFLOP(Euro.perPFLOP(nanoEuroPerGFLOP: price)) == price)
    }
    for text in ["0.0001", "0.0255", "-1", "", "1,5", "1e3", "€1"] {
      #expect(Euro.nanoEuroPerGFLOP(text) == nil, "\(text)")
    }
  }

  @Test("A quote shows the whole calculation")
  func quotes() {
    let text = Euro.quote(
      participants: 10, gflopEach: 200_000_000, gflopTotal: 2_000_000_000, nanoEuroPerGFLOP: 25,
      eurTotal: "50.00")
    #expect(text == "10 participants × 200 PFLOP = 2000 PFLOP × €0.025 = €50.00")
  }

  @Test("JSON strings escape what JSON wants escaped and nothing else")
  func escapesJSON() {
    #expect(JSON.string("a\"b\\c\nd\u{1}é") == #""a\"b\\c\u000ad\u0001é""#)
    #expect(JSON.number(.nan) == "null")
    #expect(JSON.number(0.1) == "0.1")
  }
}
