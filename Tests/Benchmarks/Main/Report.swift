import Foundation

/// One measurement, as a line for people or as JSON with the same fields as the peers' scripts.
struct Report {
  private(set) var fields: [(name: String, text: String)] = []

  mutating func add(_ name: String, _ value: String) {
    fields.append((name, "\"\(value)\""))
  }

  mutating func add(_ name: String, _ value: Int) {
    fields.append((name, "\(value)"))
  }

  mutating func add(_ name: String, _ value: Bool) {
    fields.append((name, "\(value)"))
  }

  mutating func add(_ name: String, _ value: Double, digits: Int = 2) {
    fields.append((name, String(format: "%.\(digits)f", value)))
  }

  /// Absent values are null.
  mutating func add(_ name: String, _ value: Int?) {
    fields.append((name, value.map(String.init) ?? "null"))
  }

  mutating func add(_ name: String, _ value: Double?, digits: Int) {
    fields.append((name, value.map { String(format: "%.\(digits)f", $0) } ?? "null"))
  }

  /// Finite numbers in full.
  mutating func add(_ name: String, _ values: [Double]) {
    fields.append((name, "[" + values.map { "\($0)" }.joined(separator: ", ") + "]"))
  }

  func print(asJSON: Bool) {
    let text =
      asJSON
      ? "{" + fields.map { "\"\($0.name)\": \($0.text)" }.joined(separator: ", ") + "}"
      : fields.map { "\($0.name) \($0.text.replacingOccurrences(of: "\"", with: ""))" }
        .joined(separator: "  ")
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }
}

/// Times of many calls, in nanoseconds.
struct Latencies {
  var samples: [UInt64] = []

  var count: Int { samples.count }

  mutating func reserve(_ capacity: Int) {
    samples.reserveCapacity(capacity)
  }

  mutating func add(_ nanoseconds: UInt64) {
    samples.append(nanoseconds)
  }

  /// Microseconds that the given parts of all calls did not exceed.
  func percentiles(_ parts: [Double]) -> [Double] {
    guard !samples.isEmpty else { return parts.map { _ in 0 } }
    let sorted = samples.sorted()
    return parts.map { part in
      Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1_000
    }
  }
}
