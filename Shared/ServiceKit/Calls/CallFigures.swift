import API
import RPC

/// Counts and times of a server's calls.
///
/// A method of the server's own has its figures at its number, and a status at its code; only what
/// is forwarded is looked up by its name. There is none before the first call that it counts.
final class CallFigures: Sendable {
  private let calls: CounterFamily
  private let latency: HistogramFamily
  private let methods: [Once<MethodFigures>]
  /// Of the methods, by their numbers.
  private let names: [String]
  /// Names that may be labels: what callers invent is counted together.
  private let knownMethods: Set<String>

  /// - Parameter methods: by their numbers in the server's router.
  init(_ metrics: MetricsRegistry, methods: [MethodDescriptor]) {
    knownMethods = Set(methods.map(\.name) + APIDescriptors.methods.map(\.name))
    self.methods = methods.map { _ in Once() }
    names = methods.map(\.name)
    calls = metrics.counterFamily(
      "assay_calls_total", help: "Calls answered, by method and status.",
      labels: ["method", "status"])
    latency = metrics.histogramFamily(
      "assay_call_seconds", help: "Time from a call's arrival to its end, by method.",
      labels: ["method"])
  }

  /// Counts a call that has ended.
  func count(_ context: ServerContext, _ code: StatusCode, nanoseconds: UInt64) {
    guard let number = context.methodNumber, number < methods.count else {
      let name = context.method.name
      let method = knownMethods.contains(name) ? name : "unknown"
      calls.series([method, code.name]).increment()
      return latency.series([method]).observe(nanoseconds: nanoseconds)
    }
    let figures = methods[number].value {
      MethodFigures(names[number], latency.series([names[number]]))
    }
    figures.statuses[Int(code.rawValue)].value { calls.series([figures.name, code.name]) }
      .increment()
    figures.latency.observe(nanoseconds: nanoseconds)
  }
}

private final class MethodFigures: Sendable {
  let name: String
  let latency: Histogram
  /// By code.
  let statuses: [Once<Counter>] = StatusCode.allCases.map { _ in Once() }

  init(_ name: String, _ latency: Histogram) {
    self.name = name
    self.latency = latency
  }
}

/// A value that is made when it is first asked for.
private final class Once<Value: AnyObject & Sendable>: Sendable {
  private let reference = SetOnce<Value>()

  func value(_ make: () -> Value) -> Value { reference.value ?? reference.set(make()) }
}
