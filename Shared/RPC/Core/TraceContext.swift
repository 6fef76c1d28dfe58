import Codec

/// A W3C trace context: the id that one request carries through all hops.
///
/// Kept as the numbers that the digits spell: most calls only pass it on, and text is made for
/// those who ask.
///
/// Source: W3C Trace Context, section 3.2 (`traceparent`).
public struct TraceContext: Sendable, Equatable {
  /// Characters of `header`.
  static let headerLength = 55

  private let traceHigh: UInt64
  private let traceLow: UInt64
  private let parent: UInt64
  public let sampled: Bool

  /// 32 lower-case hexadecimal digits, not all zero.
  public var traceID: String {
    HexDigits.string(count: 32) {
      HexDigits.write(traceHigh, to: $0, at: 0)
      HexDigits.write(traceLow, to: $0, at: 16)
    }
  }

  /// 16 lower-case hexadecimal digits, not all zero: the caller's span.
  public var parentID: String {
    HexDigits.string(count: 16) { HexDigits.write(parent, to: $0, at: 0) }
  }

  /// `00-<32 hex>-<16 hex>-<2 hex>`.
  public var header: String {
    HexDigits.string(count: TraceContext.headerLength) { write(to: $0) }
  }

  /// Parses `00-<32 hex>-<16 hex>-<2 hex>`; nil for anything else.
  public init?(_ text: String) {
    var text = text
    let parsed = text.withUTF8 { TraceContext(utf8: UnsafeRawBufferPointer($0)) }
    guard let parsed else { return nil }
    self = parsed
  }

  /// Parses the same from bytes that need not be text.
  init?(utf8 bytes: UnsafeRawBufferPointer) {
    let (zero, dash) = (UInt8(ascii: "0"), UInt8(ascii: "-"))
    guard bytes.count == TraceContext.headerLength, bytes[0] == zero, bytes[1] == zero,
      bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
      let high = HexDigits.read(bytes, at: 3), let low = HexDigits.read(bytes, at: 19),
      let parent = HexDigits.read(bytes, at: 36), parent != 0, high | low != 0,
      HexDigits.value(bytes[53]) != nil, let flags = HexDigits.value(bytes[54])
    else { return nil }
    self.init(high: high, low: low, parent: parent, sampled: flags & 1 == 1)
  }

  private init(high: UInt64, low: UInt64, parent: UInt64, sampled: Bool) {
    traceHigh = high
    traceLow = low
    self.parent = parent
    self.sampled = sampled
  }

  /// A new trace.
  public static func random() -> TraceContext {
    TraceContext(
      high: identifiers.next() | 1, low: identifiers.next(), parent: identifiers.next() | 1,
      sampled: true)
  }

  /// The same trace with a span of our own, for a call onward.
  public func child() -> TraceContext {
    TraceContext(
      high: traceHigh, low: traceLow, parent: identifiers.next() | 1, sampled: sampled)
  }

  /// Writes `header` as a string field's payload.
  func encode(into writer: inout WireWriter) {
    writer.writeVarint(UInt64(TraceContext.headerLength))
    withUnsafeTemporaryAllocation(byteCount: TraceContext.headerLength, alignment: 8) {
      write(to: $0)
      writer.writeRaw(UnsafeRawBufferPointer($0))
    }
  }

  private func write(to bytes: UnsafeMutableRawBufferPointer) {
    let (zero, dash) = (UInt8(ascii: "0"), UInt8(ascii: "-"))
    bytes[0] = zero
    bytes[1] = zero
    bytes[2] = dash
    HexDigits.write(traceHigh, to: bytes, at: 3)
    HexDigits.write(traceLow, to: bytes, at: 19)
    bytes[35] = dash
    HexDigits.write(parent, to: bytes, at: 36)
    bytes[52] = dash
    bytes[53] = zero
    bytes[54] = sampled ? UInt8(ascii: "1") : zero
  }
}

/// Numbers that no two spans share. They are labels, not secrets: a system call for each would cost
/// more than the rest of a call's header.
private let identifiers = Randomness()
