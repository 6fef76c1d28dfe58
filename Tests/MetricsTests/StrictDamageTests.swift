import Metrics
import Testing

/// A valid case with one field deleted, one list cut, or one number made NaN is an error.
@Suite("Strict damage")
struct StrictDamageTests {
  /// Fields without which an input is still whole.
  static let optional: Set = [
    "classes", "counts", "history", "time", "predicted_event", "probability", "iscrowd", "areas",
    "ignore_index", "spacing", "box_format", "dims", "box", "area", "head_box", "pred_visibility",
    "visibility_probability",
  ]

  /// Lists that may have any length.
  static let free: Set = ["images", "series", "instances", "classes", "history"]

  /// One damage, and where it was done.
  struct Damage {
    let place: String
    let json: JSONValue
    /// Whether it may be without consequence.
    var isHarmless = false
  }

  @Test("every damage is an error, never a value")
  func damage() throws {
    var tried = 0
    var random = SeededGenerator(seed: SeededGenerator.seeds[0])
    for file in try GoldenFile.all() {
      guard let task = file.task else { continue }
      for one in Self.chosen(file, &random) {
        let answer = try Self.answer(one.input, one, task, file.metric)
        guard case .outcome = answer else { continue }
        for damage in Self.damages(one.input, &random) {
          tried += 1
          let other = try Self.answer(damage.json, one, task, file.metric)
          guard case .outcome(let outcome) = other, !damage.isHarmless else { continue }
          Issue.record("\(file.name) \(one.id) with \(damage.place): \(outcome)")
        }
      }
    }
    print("\(tried) damaged inputs")
    #expect(tried > 4_000)
  }

  /// A few cases of each kind of input; all with `ASSAY_METRIC_ROUNDS` large.
  private static func chosen(
    _ file: GoldenFile, _ random: inout SeededGenerator
  ) -> [GoldenCase] {
    var counts: [String: Int] = [:]
    return file.cases.shuffled(using: &random).filter { one in
      if case .error = one.expectation { return false }
      guard let kind = try? one.input.string("kind") else { return false }
      counts[kind, default: 0] += 1
      return counts[kind, default: 0] <= 2 * SeededGenerator.seeds.count
    }
  }

  /// What the engine says; a field that a reader misses is an error, too.
  private static func answer(
    _ json: JSONValue, _ one: GoldenCase, _ task: MetricTask, _ metric: String
  ) throws -> RowAnswer {
    guard case .object(let fields) = one.parameters else { throw CorpusError("no parameters") }
    do {
      return try RowAnswer {
        try MetricsCatalogue.evaluate(
          task: task, metric: metric, input: GoldenInput.decode(json),
          parameters: fields.mapValues { try $0.parameter() })
      }
    } catch is CorpusError {
      return .error(.missingField)
    }
  }

  // MARK: Damaging

  /// One damage of each sort at each field, at random entries of lists.
  static func damages(_ json: JSONValue, _ random: inout SeededGenerator) -> [Damage] {
    damages(json, "", isHarmless: false, &random)
  }

  private static func damages(
    _ json: JSONValue, _ name: String, isHarmless: Bool, _ random: inout SeededGenerator
  ) -> [Damage] {
    switch json {
    case .object(let fields):
      return fields.keys.sorted().filter { $0 != "kind" }.flatMap { key -> [Damage] in
        var without = fields
        without[key] = nil
        let deleted = Damage(
          place: "\(key) deleted", json: .object(without),
          isHarmless: optional.contains(key) || isEmpty(fields[key])
            || (name == "instances" && key == "pred"))
        // A class may have any name, and one that no sample has may be left out.
        let areNames = key == "classes" || (name.isEmpty && key == "categories")
        let inner = damages(
          fields[key] ?? .null, key, isHarmless: isHarmless || areNames, &random)
        return [deleted] + inner.map { $0.inside { .object(fields.with(key, $0)) } }
      }
    case .list(let entries):
      guard !entries.isEmpty else { return [] }
      let cut = Damage(
        place: "\(name) cut", json: .list(Array(entries.dropLast())),
        isHarmless: isHarmless || free.contains(name) || isFree(name, entries))
      let index = random.integer(0..<entries.count)
      let inner = damages(entries[index], name, isHarmless: isHarmless, &random)
      return [cut] + inner.map { $0.inside { .list(entries.with(index, $0)) } }
    case .number, .integer:
      return [Damage(place: "\(name) NaN", json: .text("NaN"), isHarmless: isHarmless)]
    case .null, .flag, .text: return []
    }
  }

  private static func isEmpty(_ json: JSONValue?) -> Bool {
    if case .list(let entries)? = json { entries.isEmpty } else { false }
  }

  /// Lists that may be shorter for what they hold: reported losses without counts, a last run of
  /// no pixels.
  private static func isFree(_ name: String, _ entries: [JSONValue]) -> Bool {
    if case .integer(0)? = entries.last { return name == "masks" }
    return name == "values"
  }
}

extension StrictDamageTests.Damage {
  /// The same damage in what surrounds it.
  func inside(_ surrounding: (JSONValue) -> JSONValue) -> Self {
    Self(place: place, json: surrounding(json), isHarmless: isHarmless)
  }
}

extension Dictionary {
  fileprivate func with(_ key: Key, _ value: Value) -> Self {
    merging([key: value], uniquingKeysWith: { _, new in new })
  }
}

extension Array {
  fileprivate func with(_ index: Int, _ value: Element) -> Self {
    var copy = self
    copy[index] = value
    return copy
  }
}
