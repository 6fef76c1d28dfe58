/// An array read from an NPY file, in C order.
///
/// The elements are kept as they are in the file: a map of bytes takes a byte per pixel.
public struct NPYArray: Sendable, Equatable {
  /// What an element is; all are little-endian.
  public enum ElementType: String, Sendable, CaseIterable {
    case bool = "|b1"
    case int8 = "|i1"
    case uint8 = "|u1"
    case int16 = "<i2"
    case uint16 = "<u2"
    case int32 = "<i4"
    case uint32 = "<u4"
    case int64 = "<i8"
    case uint64 = "<u8"
    case float32 = "<f4"
    case float64 = "<f8"

    /// Bytes of an element.
    public var width: Int {
      switch self {
      case .bool, .int8, .uint8: 1
      case .int16, .uint16: 2
      case .int32, .uint32, .float32: 4
      case .int64, .uint64, .float64: 8
      }
    }

    public var isInteger: Bool { self != .float32 && self != .float64 }
  }

  public let shape: [Int]
  public let type: ElementType
  /// The elements' bytes; each begins at a multiple of its width.
  let bytes: [UInt8]

  public var count: Int { shape.reduce(1, *) }
  public var isInteger: Bool { type.isInteger }

  /// Elements as numbers; integers beyond 2^53 are rounded.
  public func numbers(_ range: Range<Int>) -> [Double] {
    switch type {
    case .float64: convert(range, UInt64.self) { Double(bitPattern: $0) }
    case .float32: convert(range, UInt32.self) { Double(Float(bitPattern: $0)) }
    case .bool: convert(range, UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint8: convert(range, UInt8.self) { Double($0) }
    case .int8: convert(range, Int8.self) { Double($0) }
    case .int16: convert(range, Int16.self) { Double($0) }
    case .uint16: convert(range, UInt16.self) { Double($0) }
    case .int32: convert(range, Int32.self) { Double($0) }
    case .uint32: convert(range, UInt32.self) { Double($0) }
    case .int64: convert(range, Int64.self) { Double($0) }
    case .uint64: convert(range, UInt64.self) { Double($0) }
    }
  }

  /// Integers; those beyond the type become its largest or smallest. Other arrays have none.
  public func integers<Value: FixedWidthInteger>(_ range: Range<Int>, as _: Value.Type) -> [Value] {
    switch type {
    case .float32, .float64: []
    case .bool: convert(range, UInt8.self) { $0 == 0 ? 0 : 1 }
    case .uint8: convert(range, UInt8.self) { Value(clamping: $0) }
    case .int8: convert(range, Int8.self) { Value(clamping: $0) }
    case .int16: convert(range, Int16.self) { Value(clamping: $0) }
    case .uint16: convert(range, UInt16.self) { Value(clamping: $0) }
    case .int32: convert(range, Int32.self) { Value(clamping: $0) }
    case .uint32: convert(range, UInt32.self) { Value(clamping: $0) }
    case .int64: convert(range, Int64.self) { Value(clamping: $0) }
    case .uint64: convert(range, UInt64.self) { Value(clamping: $0) }
    }
  }

  public var numbers: [Double] { numbers(0..<count) }
  public var integers: [Int64] { integers(0..<count, as: Int64.self) }

  /// The array of some of the rows: of entries of the first dimension.
  func rows(_ rows: [Int]) -> NPYArray {
    let size = shape.dropFirst().reduce(type.width, *)
    var chosen: [UInt8] = []
    chosen.reserveCapacity(rows.count * size)
    for row in rows { chosen += bytes[row * size..<(row + 1) * size] }
    return NPYArray(shape: [rows.count] + shape.dropFirst(), type: type, bytes: chosen)
  }

  /// One loop per type, without a decision per element.
  @inline(__always)
  private func convert<Stored: FixedWidthInteger, Value>(
    _ range: Range<Int>, _: Stored.Type, _ body: (Stored) -> Value
  ) -> [Value] {
    [Value](unsafeUninitializedCapacity: range.count) { out, count in
      bytes.withUnsafeBytes { bytes in
        var offset = range.lowerBound * MemoryLayout<Stored>.size
        for index in 0..<range.count {
          let stored = bytes.loadUnaligned(fromByteOffset: offset, as: Stored.self)
          out.initializeElement(at: index, to: body(Stored(littleEndian: stored)))
          offset += MemoryLayout<Stored>.size
        }
      }
      count = range.count
    }
  }
}
