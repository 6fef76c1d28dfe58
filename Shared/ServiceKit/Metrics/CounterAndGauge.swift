import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
  private let count = Atomic<Int64>(0)

  init() {}

  /// Adds `amount`, which is not negative.
  public func increment(by amount: Int = 1) {
    precondition(amount >= 0, "a counter only grows")
    count.wrappingAdd(Int64(amount), ordering: .relaxed)
  }

  public var value: Int64 { count.load(ordering: .relaxed) }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
  private let number = Mutex(0.0)

  init() {}

  public func set(_ value: Double) { number.withLock { $0 = value } }

  public func add(_ amount: Double) { number.withLock { $0 += amount } }

  public var value: Double { number.withLock { $0 } }
}

/// Counters of one name.
final class CounterFamily: MetricFamily {
  let name: String
  let help: String
  let type = "counter"
  private let labels: [String]
  private let table: Mutex<SeriesTable<Counter>>

  init(name: String, help: String, labels: [String]) {
    self.name = name
    self.help = help
    self.labels = labels
    table = Mutex(SeriesTable(name: name, labels: labels))
  }

  func series(_ values: [String]) -> Counter { table.withLock { $0.find(values) { Counter() } } }

  func write(into text: inout String) {
    for (values, counter) in table.withLock({ $0.sorted }) {
      text += "\(name)\(MetricText.labels(labels, values)) \(counter.value)\n"
    }
  }
}

/// Gauges of one name.
final class GaugeFamily: MetricFamily {
  let name: String
  let help: String
  let type = "gauge"
  private let labels: [String]
  private let table: Mutex<SeriesTable<Gauge>>

  init(name: String, help: String, labels: [String]) {
    self.name = name
    self.help = help
    self.labels = labels
    table = Mutex(SeriesTable(name: name, labels: labels))
  }

  func series(_ values: [String]) -> Gauge { table.withLock { $0.find(values) { Gauge() } } }

  func write(into text: inout String) {
    for (values, gauge) in table.withLock({ $0.sorted }) {
      text += "\(name)\(MetricText.labels(labels, values)) \(MetricText.number(gauge.value))\n"
    }
  }
}

/// A number that is asked for when it is wanted.
final class ReadGauge: MetricFamily {
  let name: String
  let help: String
  let type = "gauge"
  private let read: @Sendable () -> String

  init(name: String, help: String, read: @escaping @Sendable () -> String) {
    self.name = name
    self.help = help
    self.read = read
  }

  func write(into text: inout String) { text += "\(name) \(read())\n" }
}
