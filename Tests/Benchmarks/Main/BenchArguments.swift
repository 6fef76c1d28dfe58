/// The options of a command line.
struct BenchArguments: Sendable {
  private static let flags: Set = ["tls", "pin", "json", "allocations"]
  private static let values: Set = [
    "shape", "payload", "connections", "outstanding", "seconds", "server-loops", "megabytes",
    "certificate", "key", "case", "repetitions", "workers", "clients", "participants", "records",
    "data",
  ]

  private var texts: [String: String] = [:]

  init(_ words: [String]) throws {
    var words = words[...]
    while let word = words.popFirst() {
      let name = String(word.dropFirst(2))
      guard word.hasPrefix("--") else { throw BenchError("unexpected: \(word)") }
      if BenchArguments.flags.contains(name) {
        texts[name] = ""
      } else if BenchArguments.values.contains(name) {
        guard let value = words.popFirst() else { throw BenchError("\(word) needs a value") }
        texts[name] = value
      } else {
        throw BenchError("unknown option \(word)")
      }
    }
  }

  func has(_ name: String) -> Bool { texts[name] != nil }

  func text(_ name: String) -> String? { texts[name] }

  func int(_ name: String, default value: Int, in range: ClosedRange<Int>) throws -> Int {
    guard let text = texts[name] else { return value }
    guard let number = Int(text), range.contains(number) else {
      let limits = "\(range.lowerBound) to \(range.upperBound)"
      throw BenchError("--\(name) \(text): a number from \(limits)")
    }
    return number
  }

  func seconds(default value: Double) throws -> Double {
    guard let text = texts["seconds"] else { return value }
    guard let number = Double(text), (0.05...600).contains(number) else {
      throw BenchError("--seconds \(text): a number from 0.05 to 600")
    }
    return number
  }
}
