import Synchronization

/// A program's metrics, and their text for Prometheus.
///
/// What is asked for twice under the same name and labels is the same metric.
public final class MetricsRegistry: Sendable {
  private let families = Mutex<[String: any MetricFamily]>([:])

  public init() {}

  /// A number that only grows. By custom its name ends in `_total`.
  public func counter(_ name: String, help: String, labels: [String: String] = [:]) -> Counter {
    let (names, values) = MetricText.split(labels)
    return counterFamily(name, help: help, labels: names).series(values)
  }

  /// A number that goes up and down.
  public func gauge(_ name: String, help: String, labels: [String: String] = [:]) -> Gauge {
    let (names, values) = MetricText.split(labels)
    return gaugeFamily(name, help: help, labels: names).series(values)
  }

  /// A number that is asked for when Prometheus asks for it. Must not block. A name has one such
  /// reader: a second one is a mistake in the program, which ends it.
  public func gauge(_ name: String, help: String, read: @escaping @Sendable () -> Int64) {
    registerOnce(ReadGauge(name: name, help: help) { "\(read())" })
  }

  /// As the other one, for what is no whole number.
  @_disfavoredOverload
  public func gauge(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
    registerOnce(ReadGauge(name: name, help: help) { "\(read())" })
  }

  /// A distribution, of seconds unless the name says otherwise.
  ///
  /// - Parameter buckets: upper bounds, ascending.
  public func histogram(
    _ name: String, help: String, labels: [String: String] = [:],
    buckets: [Double] = Histogram.defaultBuckets
  ) -> Histogram {
    let (names, values) = MetricText.split(labels)
    return histogramFamily(name, help: help, labels: names, buckets: buckets).series(values)
  }

  /// As the other one, under the word that OpenTelemetry uses.
  public func histogram(
    _ name: String, help: String, labels: [String: String] = [:], bounds: [Double]
  ) -> Histogram {
    histogram(name, help: help, labels: labels, buckets: bounds)
  }

  // MARK: Families, for labels that are known at the call only

  func counterFamily(_ name: String, help: String, labels: [String]) -> CounterFamily {
    register(name) { CounterFamily(name: name, help: help, labels: labels) }
  }

  func gaugeFamily(_ name: String, help: String, labels: [String]) -> GaugeFamily {
    register(name) { GaugeFamily(name: name, help: help, labels: labels) }
  }

  func histogramFamily(
    _ name: String, help: String, labels: [String],
    buckets: [Double] = Histogram.defaultBuckets
  ) -> HistogramFamily {
    register(name) { HistogramFamily(name: name, help: help, labels: labels, buckets: buckets) }
  }

  private func registerOnce(_ gauge: ReadGauge) {
    families.withLock { families in
      // Said at the start or never: it depends on the program alone.
      precondition(families[gauge.name] == nil, "metric \(gauge.name) is registered twice")
      families[gauge.name] = gauge
    }
  }

  private func register<Family: MetricFamily>(_ name: String, _ make: () -> Family) -> Family {
    families.withLock { families in
      guard let known = families[name] else {
        let family = make()
        families[name] = family
        return family
      }
      guard let same = known as? Family else {
        preconditionFailure("metric \(name) is registered with another type")
      }
      return same
    }
  }

  /// All metrics in the text format, version 0.0.4.
  ///
  /// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
  public var text: String {
    let families = families.withLock { $0 }
    var text = ""
    for (_, family) in families.sorted(by: { $0.key < $1.key }) {
      text += "# HELP \(family.name) \(MetricText.escapedHelp(family.help))\n"
      text += "# TYPE \(family.name) \(family.type)\n"
      family.write(into: &text)
    }
    return text
  }
}

/// All series of one name.
protocol MetricFamily: Sendable {
  var name: String { get }
  var help: String { get }
  var type: String { get }
  func write(into text: inout String)
}

/// The series of one family, by the values of its labels.
struct SeriesTable<Series: Sendable>: Sendable {
  /// Series of one family; further label values are counted together as "other", so that no caller
  /// can fill the memory by inventing names.
  static var maximumSeries: Int { 5_000 }
  static var overflowLabel: String { "other" }

  let name: String
  let labels: [String]
  private var series: [[String]: Series] = [:]

  init(name: String, labels: [String]) {
    self.name = name
    self.labels = labels
  }

  mutating func find(_ values: [String], _ make: () -> Series) -> Series {
    precondition(values.count == labels.count, "\(name) has the labels \(labels)")
    if let known = series[values] { return known }
    let isFull = series.count >= Self.maximumSeries
    let key = isFull ? labels.map { _ in Self.overflowLabel } : values
    if let known = series[key] { return known }
    let new = make()
    series[key] = new
    return new
  }

  var sorted: [(values: [String], series: Series)] {
    series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { (values: $0.key, series: $0.value) }
  }
}

enum MetricText {
  /// Labels sorted by their names.
  static func split(_ labels: [String: String]) -> (names: [String], values: [String]) {
    let sorted = labels.sorted { $0.key < $1.key }
    return (sorted.map(\.key), sorted.map(\.value))
  }

  static func labels(_ names: [String], _ values: [String], extra: String = "") -> String {
    var parts = zip(names, values).map { "\($0)=\"\(escaped($1))\"" }
    if !extra.isEmpty { parts.append(extra) }
    return parts.isEmpty ? "" : "{\(parts.joined(separator: ","))}"
  }

  /// Whole numbers without a point, as people read them.
  static func number(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }

  static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  static func escapedHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }
}
