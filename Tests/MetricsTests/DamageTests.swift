import Metrics
import Testing

/// Damaged inputs are refused or scored by the specification; they never crash.
@Suite("Damage")
struct DamageTests {

  @Test("a field deleted, cut or spoilt never crashes, and no result is infinite")
  func damage() throws {
    var tried = 0
    for file in try GoldenFile.all() {
      guard let task = file.task else { continue }
      var seen: Set<String> = []
      for one in file.cases {
        guard case .object(let fields) = one.input, case .text(let kind)? = fields["kind"],
          seen.insert(kind).inserted
        else { continue }
        for damaged in Self.damaged(one.input) {
          tried += 1
          try Self.evaluate(damaged, one.parameters, task, file.metric)
        }
      }
    }
    print("\(tried) damaged inputs")
    #expect(tried > 1000)
  }

  static func evaluate(
    _ json: JSONValue, _ parameters: JSONValue, _ task: MetricTask, _ metric: String
  ) throws {
    guard case .object(let fields) = parameters else { return }
    do {
      let outcome = try MetricsCatalogue.evaluate(
        task: task, metric: metric, input: GoldenInput.decode(json),
        parameters: fields.mapValues { try $0.parameter() })
      #expect(outcome.rankValue?.isFinite ?? true)
    } catch is MetricError {
      return
    } catch is CorpusError {
      return
    }
  }

  /// The value with one place damaged, for each place down to the first entries of lists.
  static func damaged(_ json: JSONValue) -> [JSONValue] {
    switch json {
    case .object(let fields):
      return fields.keys.sorted().filter { $0 != "kind" && $0 != "size" }
        .flatMap { name in
          var without = fields
          without[name] = nil
          let inner = damaged(fields[name] ?? .null).map { value in
            fields.merging([name: value], uniquingKeysWith: { _, new in new })
          }
          return ([without] + inner).map(JSONValue.object)
        }
    case .list(let entries):
      guard let first = entries.first else { return [] }
      let cut: [JSONValue] = [.list(Array(entries.dropLast())), .list([])]
      return cut + damaged(first).map { .list([$0] + entries.dropFirst()) }
    case .number, .integer:
      return [.text("NaN"), .text("Infinity"), .number(1e308), .number(-1), .integer(1 << 31)]
    case .null, .flag, .text: return []
    }
  }
}
