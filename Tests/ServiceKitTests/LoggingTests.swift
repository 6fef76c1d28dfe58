import Crypto
import Foundation
import RPC
import Synchronization
import Testing

@testable import ServiceKit

@Suite("Logs")
struct LoggingTests {
  private static let secret = String(repeating: "0123456789abcdef", count: 4)
  private static let key = "assay_acme_7v3m0c2k9xq4hn8t_\(secret)"
  private static let token = "eyJhbGciOiJFZERTQSJ9.eyJhdWQiOiJhIn0.c2lnbmF0dXJlc2lnbmF0dXJl"

  private func lines(json: Bool = true, level: LogLevel = .debug, _ body: (Logger) -> Void)
    -> [String]
  {
    let written = Lines()
    let logger = Logger(
      service: "assay-test", level: level, isJSON: json,
      clock: ManualWallClock(1_800_000_000_123).clock, write: { written.append($0) })
    body(logger)
    logger.flush()
    return written.all
  }

  @Test("A JSON line has time, level, service, message, trace and fields")
  func json() throws {
    let trace = try #require(
      TraceContext("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"))
    let line = lines { $0.info("ok", ["n": 3, "who": "a\"b", "yes": true], trace: trace) }[0]
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["time"] as? String == "2027-01-15T08:00:00.123Z")
    #expect(object["level"] as? String == "info")
    #expect(object["service"] as? String == "assay-test")
    #expect(object["trace_id"] as? String == "0123456789abcdef0123456789abcdef")
    #expect(object["n"] as? Int == 3)
    #expect(object["who"] as? String == "a\"b")
    #expect(object["yes"] as? Bool == true)
  }

  @Test("Keys, tokens and private keys never reach a line", arguments: [true, false])
  func secrets(_ json: Bool) {
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----"
    let written = lines(json: json) { log in
      log.error("failed with \(Self.key)", ["cause": "key=\(Self.key), token \(Self.token)"])
      log.error("x", ["a": .text(pem), "password": "hunter2", "Credential": .text("short")])
      log.with(["bearer": .text("Bearer \(Self.token)")]).error("y")
    }.joined()
    for secret in [Self.secret, "c2lnbmF0dXJl", "MC4CAQAw", "hunter2", "short"] {
      #expect(!written.contains(secret), "\(secret)")
    }
    #expect(written.contains(Redaction.replacement))
  }

  @Test("What only resembles a key is kept")
  func harmless() {
    let text = "assay_calls_total of assay_acme grew; eyJ is no token"
    #expect(Redaction.clean(text) == text)
  }

  @Test("Less grave lines than the level are not written")
  func level() {
    let written = lines(level: .warning) { log in
      log.debug("a")
      log.info("b")
      log.warning("c")
      log.error("d")
    }
    #expect(written.count == 2)
  }

  @Test("A caller's text cannot begin a new line", arguments: [true, false])
  func injection(_ json: Bool) {
    let written = lines(json: json) {
      $0.info("a\nb", ["x": "c\r\n{\"level\":\"error\"}\u{1B}[2J"])
    }
    #expect(written.count == 1)
    #expect(!written[0].contains("\n"))
    #expect(!written[0].contains("\u{1B}"))
  }
}

/// Lines as a sink wrote them.
final class Lines: Sendable {
  private let state = Mutex<[String]>([])

  var all: [String] { state.withLock { $0 } }

  func append(_ line: String) { state.withLock { $0.append(line) } }
}

@Suite("Metrics")
struct MetricsTests {
  @Test("Counters, gauges and histograms are written as Prometheus reads them")
  func text() {
    let metrics = MetricsRegistry()
    metrics.counter("a_total", help: "As.", labels: ["kind": "x\"y"]).increment(by: 2)
    metrics.counter("a_total", help: "As.", labels: ["kind": "x\"y"]).increment()
    metrics.gauge("b", help: "Bs.").set(1.5)
    metrics.gauge("c", help: "Cs.") { 7 }
    let histogram = metrics.histogram("d_seconds", help: "Ds.", buckets: [0.1, 1])
    for value in [0.05, 0.5, 5] { histogram.observe(value) }
    histogram.observe(.nan)
    let text = metrics.text
    for line in [
      "# TYPE a_total counter", "a_total{kind=\"x\\\"y\"} 3", "b 1.5", "c 7",
      "d_seconds_bucket{le=\"0.1\"} 1", "d_seconds_bucket{le=\"1\"} 2",
      "d_seconds_bucket{le=\"+Inf\"} 3", "d_seconds_sum 5.55", "d_seconds_count 3",
    ] { #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)") }
  }

  @Test("Invented label values are counted together at the limit")
  func cardinality() {
    let family = MetricsRegistry().counterFamily("x", help: "x", labels: ["l"])
    for index in 0..<6_000 { family.series(["\(index)"]).increment() }
    var text = ""
    family.write(into: &text)
    #expect(text.split(separator: "\n").count == 5_001)
    #expect(family.series(["other"]).value == 1_000)
  }
}
