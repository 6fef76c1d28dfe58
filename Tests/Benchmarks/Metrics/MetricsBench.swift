import Foundation
import Metrics

/// Times metrics on the arrays that `peers/metrics` generates and measures, too.
struct MetricsBench {
  let arguments: BenchArguments
  private let repetitions: Int
  private let workers: Int
  private let root: URL

  init(_ arguments: BenchArguments) throws {
    self.arguments = arguments
    repetitions = try arguments.int("repetitions", default: 5, in: 1...1_000)
    workers = try arguments.int("workers", default: 2, in: 1...64)
    let environment = ProcessInfo.processInfo.environment
    let scratch = environment["ASSAY_PEERS_SCRATCH"] ?? "/tmp/assay-peers"
    root = URL(
      fileURLWithPath: environment["ASSAY_METRICS_DATA"] ?? "\(scratch)/metrics-data")
  }

  func run() throws {
    let known = MetricCase.all.map(\.name) + FileCase.all.map(\.name)
    let names = arguments.text("case")?.split(separator: ",").map(String.init) ?? known
    for name in names {
      if let metricCase = MetricCase.all.first(where: { $0.name == name }) {
        try measure(metricCase)
      } else if let fileCase = FileCase.all.first(where: { $0.name == name }) {
        try measure(fileCase)
      } else {
        throw BenchError("no such case: \(name); there are \(known.joined(separator: ", "))")
      }
    }
  }

  private func measure(_ one: MetricCase) throws {
    let input = try one.load(BenchData(one.set, in: root))
    let (seconds, values) = try repeated {
      try one.evaluate(input, workers).flatMap(Self.numbers)
    }
    let arrays = input.arrays
    let reading =
      arrays.isEmpty
      ? nil : ReadTime.seconds(arrays, threads: workers, repetitions: repetitions)
    report(one.name, seconds, values, reading: reading)
  }

  private func measure(_ one: FileCase) throws {
    let data = try BenchData(one.set, in: root)
    let (seconds, values) = try repeated {
      try one.score(data, workers).flatMap(Self.numbers)
    }
    let bytes = try one.files.reduce(0) { sum, name in
      let attributes = try FileManager.default.attributesOfItem(atPath: data.path(name))
      return sum + (attributes[.size] as? Int ?? 0)
    }
    report(one.name, seconds, values, reading: nil, bytes: bytes)
  }

  /// The seconds of each repetition, and the values of the last.
  private func repeated(_ body: () throws -> [Double]) rethrows -> ([Double], [Double]) {
    var seconds: [Double] = []
    var values: [Double] = []
    for _ in 0..<repetitions {
      seconds.append(try Stopwatch.seconds { values = try body() })
    }
    return (seconds.sorted(), values)
  }

  private static func numbers(_ outcome: MetricOutcome) throws -> [Double] {
    guard let value = outcome.rankValue else { throw BenchError("no value: \(outcome)") }
    return [value]
  }

  private func report(
    _ name: String, _ seconds: [Double], _ values: [Double], reading: Double?, bytes: Int? = nil
  ) {
    var report = Report()
    report.add("peer", "assay")
    report.add("case", name)
    report.add("repetitions", seconds.count)
    report.add("seconds", seconds[seconds.count / 2], digits: 6)
    report.add("seconds_minimum", seconds[0], digits: 6)
    report.add("read_seconds", reading, digits: 6)
    report.add("is_reference", false)
    report.add("values", values)
    report.add("workers", workers)
    report.add("bytes", bytes)
    report.print(asJSON: arguments.has("json"))
  }
}
