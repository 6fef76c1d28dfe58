import Synchronization

/// A distribution, counted by upper bounds.
public final class Histogram: Sendable {
  struct Counts {
    /// One per bound, not yet cumulative.
    var buckets: [UInt64]
    var count: UInt64 = 0
    var sum = 0.0
  }

  /// Half a millisecond to one minute, in seconds.
  public static let defaultBuckets = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]

  private let bounds: [Double]
  private let state: Mutex<Counts>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(Counts(buckets: [UInt64](repeating: 0, count: bounds.count)))
  }

  /// Counts one value; what is no number is not counted.
  public func observe(_ value: Double) {
    guard value.isFinite else { return }
    let bucket = bounds.firstIndex { value <= $0 }
    state.withLock { state in
      if let bucket { state.buckets[bucket] += 1 }
      state.count += 1
      state.sum += value
    }
  }

  /// Counts one time in a histogram of seconds.
  public func observe(nanoseconds: UInt64) { observe(Double(nanoseconds) / 1e9) }

  var counts: Counts { state.withLock { $0 } }
}

/// Histograms of one name.
final class HistogramFamily: MetricFamily {
  let name: String
  let help: String
  let type = "histogram"
  private let labels: [String]
  private let bounds: [Double]
  private let table: Mutex<SeriesTable<Histogram>>

  init(name: String, help: String, labels: [String], buckets: [Double]) {
    self.name = name
    self.help = help
    self.labels = labels
    bounds = buckets
    table = Mutex(SeriesTable(name: name, labels: labels))
  }

  func series(_ values: [String]) -> Histogram {
    table.withLock { $0.find(values) { Histogram(bounds: bounds) } }
  }

  func write(into text: inout String) {
    for (values, histogram) in table.withLock({ $0.sorted }) {
      let counts = histogram.counts
      var cumulative: UInt64 = 0
      for (bound, count) in zip(bounds, counts.buckets) {
        cumulative += count
        let limit = "le=\"\(MetricText.number(bound))\""
        text += "\(name)_bucket\(MetricText.labels(labels, values, extra: limit)) \(cumulative)\n"
      }
      let plain = MetricText.labels(labels, values)
      let last = MetricText.labels(labels, values, extra: "le=\"+Inf\"")
      text += "\(name)_bucket\(last) \(counts.count)\n"
      text += "\(name)_sum\(plain) \(MetricText.number(counts.sum))\n"
      text += "\(name)_count\(plain) \(counts.count)\n"
    }
  }
}
