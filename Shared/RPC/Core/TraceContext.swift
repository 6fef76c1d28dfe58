/// A W3C trace context: the id that one request carries through all hops.
///
/// Source: W3C Trace Context, section 3.2 (`traceparent`).
public struct TraceContext: Sendable, Equatable {
  /// 32 lower-case hexadecimal digits, not all zero.
  public let traceID: String
  /// 16 lower-case hexadecimal digits, not all zero: the caller's span.
  public let parentID: String
  public let sampled: Bool

  /// Parses `00-<32 hex>-<16 hex>-<2 hex>`; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "00",
      TraceContext.isIdentifier(parts[1], digits: 32),
      TraceContext.isIdentifier(parts[2], digits: 16),
      parts[3].utf8.count == 2, let flags = UInt8(parts[3], radix: 16)
    else { return nil }
    traceID = String(parts[1])
    parentID = String(parts[2])
    sampled = flags & 1 == 1
  }

  private init(traceID: String, parentID: String, sampled: Bool) {
    self.traceID = traceID
    self.parentID = parentID
    self.sampled = sampled
  }

  /// A new trace.
  public static func random() -> TraceContext {
    var generator = SystemRandomNumberGenerator()
    let high = hex(generator.next() | 1)
    return TraceContext(
      traceID: high + hex(generator.next()), parentID: hex(generator.next() | 1), sampled: true)
  }

  /// The same trace with a span of our own, for a call onward.
  public func child() -> TraceContext {
    var generator = SystemRandomNumberGenerator()
    return TraceContext(
      traceID: traceID, parentID: TraceContext.hex(generator.next() | 1), sampled: sampled)
  }

  public var header: String { "00-\(traceID)-\(parentID)-\(sampled ? "01" : "00")" }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  private static func isIdentifier(_ text: Substring, digits: Int) -> Bool {
    text.utf8.count == digits && text.utf8.contains { $0 != UInt8(ascii: "0") }
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}
