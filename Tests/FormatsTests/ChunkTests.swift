import Foundation
import Metrics
import Testing

@testable import Formats

/// However a table is cut into blocks, and however many threads read them, it is the same table
/// with the same problems.
@Suite("Tables in pieces")
struct ChunkTests {
  /// What became of a file.
  enum Outcome: Equatable {
    case table([String])
    case failure(FormatError)
  }

  /// How a file is read.
  struct Way {
    var blockBytes = CSVSplitter.blockBytes
    /// Bytes given at a time; 0: the reader takes the file itself.
    var chunkBytes = 0
    var workers = 1
  }

  static let seeds: [UInt64] = {
    let count = ProcessInfo.processInfo.environment["ASSAY_CSV_ROUNDS"].flatMap(Int.init) ?? 50
    return (0..<UInt64(max(1, count / 25))).map { $0 + 1 }
  }()

  // MARK: Files

  /// A table of ids, labels and notes with everything that quotes allow.
  static func truth(_ random: inout some RandomNumberGenerator) -> (text: String, rows: [String]) {
    let lineEnd = Bool.random(using: &random) ? "\n" : "\r\n"
    var text = Bool.random(using: &random) ? "\u{FEFF}" : ""
    text += "id,label,\"no\"\"te\"" + lineEnd
    var rows: [String] = []
    for index in 0..<Int.random(in: 1...40, using: &random) {
      if Int.random(in: 0..<10, using: &random) == 0 { text += lineEnd }
      let id = field("r\(index)", &random)
      let label = field(["a", "b", "ç"].randomElement(using: &random) ?? "a", &random)
      rows.append("\(id.value)|\(label.value)")
      text += id.written + "," + label.written + "," + field("", &random).written + lineEnd
    }
    if Bool.random(using: &random) { text.removeLast() }
    return (text, rows)
  }

  /// A field that begins with some text, and how it may be written.
  static func field(
    _ start: String, _ random: inout some RandomNumberGenerator
  ) -> (value: String, written: String) {
    guard Int.random(in: 0..<3, using: &random) == 0 else { return (start, start) }
    let pieces = [",", "\n", "\"", "\r\n", "x", "é", "\"\"", " "]
    let extra = (0..<Int.random(in: 0..<4, using: &random)).compactMap { _ in
      pieces.randomElement(using: &random)
    }
    let value = start + extra.joined()
    return (value, "\"" + value.replacingOccurrences(of: "\"", with: "\"\"") + "\"")
  }

  /// The bytes with a few of them cut, doubled or replaced.
  static func damaged(_ bytes: [UInt8], _ random: inout some RandomNumberGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
      let position = Int.random(in: bytes.indices, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes.removeSubrange(position...)
      case 1: bytes.remove(at: position)
      case 2: bytes.insert(UInt8(ascii: "\""), at: position)
      case 3: bytes.insert([10, 13, 44, 0xFF].randomElement(using: &random) ?? 10, at: position)
      default: bytes.insert(contentsOf: bytes[..<position], at: position)
      }
    }
    return bytes
  }

  static func ways(_ random: inout some RandomNumberGenerator) -> [Way] {
    let sizes = [1, 2, 3, 7, 16, 63, 64, 65, 200]
    return (0..<4).map { index in
      Way(
        blockBytes: sizes.randomElement(using: &random) ?? 1,
        chunkBytes: index < 2 ? sizes.randomElement(using: &random) ?? 1 : 0,
        workers: index < 3 ? 1 : Int.random(in: 2...4, using: &random))
    }
  }

  /// Limits that small files can exceed.
  static func limits(_ random: inout some RandomNumberGenerator) -> FormatLimits {
    var limits = FormatLimits()
    guard Bool.random(using: &random) else { return limits }
    limits.maximumRecordBytes = Int.random(in: 20...200, using: &random)
    limits.maximumFieldBytes = Int.random(in: 4...40, using: &random)
    limits.maximumColumns = Int.random(in: 3...5, using: &random)
    limits.maximumRows = Int.random(in: 1...60, using: &random)
    limits.maximumProblems = Int.random(in: 0...6, using: &random)
    limits.maximumClasses = Int.random(in: 2...5, using: &random)
    return limits
  }

  // MARK: Reading

  static func readTruth(_ bytes: [UInt8], _ way: Way, _ limits: FormatLimits) throws -> Outcome {
    var reader = DatasetReader(
      task: .tabularClassification, classes: nil, ignoreIndex: nil, limits: limits,
      blockBytes: way.blockBytes)
    return try outcome {
      let dataset = try finish(
        bytes, way, read: { try reader.read($0) }, end: { try reader.finish() },
        file: { try reader.finish(path: $0, workers: way.workers) })
      guard case .labels(let labels) = dataset.truth else { return [] }
      let columns = dataset.columns.map { "\($0.name) \($0.type) \($0.missingCount)" }
      return columns
        + labels.enumerated().map { "\(dataset.id(ofRow: $0))|\(dataset.classes[Int($1)])" }
    }
  }

  static func readPredictions(
    _ bytes: [UInt8], _ dataset: Dataset, _ way: Way, _ limits: FormatLimits
  ) throws -> Outcome {
    var reader = PredictionsReader(
      for: dataset, options: PredictionOptions(), limits: limits, blockBytes: way.blockBytes)
    return try outcome {
      let predictions = try finish(
        bytes, way, read: { try reader.read($0) }, end: { try reader.finish() },
        file: { try reader.finish(path: $0, workers: way.workers) })
      guard case .classes(let found) = predictions.values else { return [] }
      return ["\(found)"]
    }
  }

  private static func finish<Value>(
    _ bytes: [UInt8], _ way: Way, read: ([UInt8]) throws -> Void, end: () throws -> Value,
    file: (String) throws -> Value
  ) throws -> Value {
    guard way.chunkBytes > 0 else {
      let path = NSTemporaryDirectory() + "chunks-\(UUID().uuidString).csv"
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      defer { try? FileManager.default.removeItem(atPath: path) }
      return try file(path)
    }
    for start in stride(from: 0, to: bytes.count, by: way.chunkBytes) {
      try read(Array(bytes[start..<min(start + way.chunkBytes, bytes.count)]))
    }
    return try end()
  }

  private static func outcome(_ body: () throws -> [String]) throws -> Outcome {
    do {
      return .table(try body())
    } catch let error as FormatError {
      return .failure(error)
    }
  }

  // MARK: Tests

  @Test("a whole truth has the rows that were written, cut anywhere", arguments: seeds)
  func wholeTruths(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<25 {
      let (text, rows) = Self.truth(&random)
      for way in Self.ways(&random) {
        let outcome = try Self.readTruth(Array(text.utf8), way, .defaults)
        guard case .table(let lines) = outcome else {
          Issue.record("seed \(seed): \(way) of \(text.debugDescription): \(outcome)")
          return
        }
        #expect(Array(lines.dropFirst(3)) == rows, "seed \(seed): \(way) of \(text)")
      }
    }
  }

  @Test("a damaged truth has the same problems, cut anywhere", arguments: seeds)
  func damagedTruths(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed &+ 1_000)
    var failures = 0
    for _ in 0..<25 {
      let bytes = Self.damaged(Array(Self.truth(&random).text.utf8), &random)
      let limits = Self.limits(&random)
      let whole = try Self.readTruth(bytes, Way(), limits)
      if case .failure = whole { failures += 1 }
      for way in Self.ways(&random) {
        let cut = try Self.readTruth(bytes, way, limits)
        #expect(cut == whole, "seed \(seed): \(way), \(limits): \(bytes)")
      }
    }
    #expect(failures > 0)
  }

  @Test("lines are counted from the file's first, empty ones too", arguments: [1, 2, 64, 4096])
  func lines(blockBytes: Int) throws {
    let truth = try TableTests.dataset("id,label\na,x\nb,y\n")
    let text = "\n\nid,label\n\na,x\na,\"x\"\nb,z\n"
    let way = Way(blockBytes: blockBytes, chunkBytes: 3)
    guard
      case .failure(let error) = try Self.readPredictions(Array(text.utf8), truth, way, .defaults)
    else {
      Issue.record("the second a was not seen")
      return
    }
    #expect(error.problems.map(\.line) == [6, 7])
    #expect(error.problems[0].message == "id \"a\" was already predicted on line 5")
  }

  @Test("predictions in any order, good or damaged, are the same, cut anywhere", arguments: seeds)
  func predictions(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed &+ 2_000)
    for round in 0..<25 {
      let count = Int.random(in: 1...30, using: &random)
      let truth = (0..<count).map { "r\($0),\(["a", "b"][$0 % 2])\n" }.joined()
      let dataset = try DatasetReader.read(
        bytes: Array(("id,label\n" + truth).utf8), task: .tabularClassification,
        classes: ["a", "b"])
      var lines = (0..<count).map { row in
        let share = Double.random(in: 0...1, using: &random)
        return "r\(row),\(share),\(1 - share),\(["a", "b"][row % 2])\n"
      }
      if round.isMultiple(of: 3) { lines.shuffle(using: &random) }
      if round % 3 == 1 { lines.insert(lines[0], at: lines.count / 2) }
      var bytes = Array(("id,a,b,label\n" + lines.joined()).utf8)
      if round % 5 > 2 { bytes = Self.damaged(bytes, &random) }
      let limits = Self.limits(&random)
      let whole = try Self.readPredictions(bytes, dataset, Way(), limits)
      for way in Self.ways(&random) {
        let cut = try Self.readPredictions(bytes, dataset, way, limits)
        #expect(cut == whole, "seed \(seed): \(way), \(limits): \(bytes)")
      }
    }
  }
}

/// A reproducible stream of random bits (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }
}
