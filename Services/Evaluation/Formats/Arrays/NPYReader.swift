/// An array read from an NPY file, in C order.
public struct NPYArray: Sendable, Equatable {
  /// The elements, in the narrowest form that holds the file's type.
  public enum Elements: Sendable, Equatable {
    /// Booleans, and integers of up to 32 bits.
    case integers([Int32])
    /// Integers of 64 bits, and unsigned ones of 32.
    case longIntegers([Int64])
    case numbers([Double])
  }

  public let shape: [Int]
  public let elements: Elements

  public init(shape: [Int], elements: Elements) {
    self.shape = shape
    self.elements = elements
  }

  public var count: Int { shape.reduce(1, *) }
}

/// Reads NPY files of versions 1 to 3: little-endian booleans, integers and floats in C order.
///
/// The file streams; only the elements are kept.
public struct NPYReader: Sendable {
  private enum ElementType: Sendable {
    case bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64

    var bytes: Int {
      switch self {
      case .bool, .int8, .uint8: 1
      case .int16, .uint16: 2
      case .int32, .uint32, .float32: 4
      case .int64, .uint64, .float64: 8
      }
    }
  }

  private struct Header: Sendable {
    let type: ElementType
    let shape: [Int]
    let count: Int
  }

  private let limits: FormatLimits
  private var pending: [UInt8] = []
  private var header: Header?
  private var integers: [Int32] = []
  private var longIntegers: [Int64] = []
  private var numbers: [Double] = []
  private var taken = 0

  public init(limits: FormatLimits = .defaults) { self.limits = limits }

  /// Takes the next bytes of the file, cut anywhere.
  public mutating func read(_ chunk: UnsafeRawBufferPointer) throws(FormatError) {
    pending.append(contentsOf: chunk)
    if header == nil { header = try takeHeader() }
    if let header { try takeElements(header) }
  }

  /// The array, when the file has ended.
  public mutating func finish() throws(FormatError) -> NPYArray {
    guard let header else {
      throw Self.failure(
        pending.isEmpty ? .emptyFile : .truncated,
        pending.isEmpty ? "the file is empty" : "the file ends inside its header",
        expected: "an NPY file")
    }
    guard taken == header.count else {
      throw Self.failure(
        .truncated, "the file ends after \(taken) elements",
        expected: "\(header.count) elements of shape \(header.shape)")
    }
    let elements: NPYArray.Elements
    switch header.type {
    case .bool, .int8, .uint8, .int16, .uint16, .int32: elements = .integers(integers)
    case .uint32, .int64, .uint64: elements = .longIntegers(longIntegers)
    case .float32, .float64: elements = .numbers(numbers)
    }
    return NPYArray(shape: header.shape, elements: elements)
  }

  /// Reads a file.
  public static func read(
    path: String, limits: FormatLimits = .defaults
  ) throws(FormatError) -> NPYArray {
    var reader = NPYReader(limits: limits)
    try FileChunks.forEach(path: path) { chunk throws(FormatError) in try reader.read(chunk) }
    return try reader.finish()
  }

  /// Reads an array that is in memory.
  public static func read(
    bytes: [UInt8], limits: FormatLimits = .defaults
  ) throws(FormatError) -> NPYArray {
    var reader = NPYReader(limits: limits)
    try bytes.withUnsafeBufferPointer { chunk throws(FormatError) in
      try reader.read(UnsafeRawBufferPointer(chunk))
    }
    return try reader.finish()
  }

  private static func failure(
    _ kind: FormatProblem.Kind, _ message: String, expected: String
  ) -> FormatError {
    FormatError(FormatProblem(kind, message, expected: expected))
  }

  // MARK: Header

  private mutating func takeHeader() throws(FormatError) -> Header? {
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    guard pending.prefix(6).elementsEqual(magic.prefix(pending.count)) else {
      throw Self.failure(
        .malformedArray, "the file does not begin as an NPY file",
        expected: "the bytes 93 4E 55 4D 50 59")
    }
    guard pending.count >= 12 else { return nil }
    let version = pending[6]
    guard (1...3).contains(version) else {
      throw Self.failure(
        .malformedArray, "NPY version \(version) is unknown", expected: "version 1, 2 or 3")
    }
    let lengthBytes = version == 1 ? 2 : 4
    let length = (0..<lengthBytes).reduce(0) { $0 | Int(pending[8 + $1]) << (8 * $1) }
    guard length <= limits.maximumFieldBytes else {
      throw Self.failure(
        .limitExceeded, "the header has \(length) bytes",
        expected: "at most \(limits.maximumFieldBytes)")
    }
    let end = 8 + lengthBytes + length
    guard pending.count >= end else { return nil }
    let text = String(decoding: pending[(8 + lengthBytes)..<end], as: UTF8.self)
    pending.removeFirst(end)
    return try parse(text)
  }

  /// Parses the header, a Python dictionary with the keys descr, fortran_order and shape.
  private func parse(_ text: String) throws(FormatError) -> Header {
    guard let type = value("descr", in: text), let order = value("fortran_order", in: text),
      let shapeText = value("shape", in: text)
    else {
      throw Self.failure(
        .malformedArray, "the header is incomplete", expected: "descr, fortran_order and shape")
    }
    guard order.hasPrefix("False") else {
      throw Self.failure(
        .malformedArray, "the array is in Fortran order",
        expected: "C order (numpy.ascontiguousarray)")
    }
    let name = type.split(separator: type.first ?? "'").first.map(String.init) ?? ""
    guard let element = elementType(name) else {
      throw Self.failure(
        .malformedArray, "elements of type \(name) are not read",
        expected: "little-endian b1, i1 to i8, u1 to u8, f4 or f8")
    }
    let shape = try parseShape(shapeText)
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, product <= limits.maximumElements else {
        throw Self.failure(
          .limitExceeded, "the array of shape \(shape) is too large",
          expected: "at most \(limits.maximumElements) elements")
      }
      count = product
    }
    return Header(type: element, shape: shape, count: count)
  }

  /// What follows a key and its colon.
  private func value(_ key: String, in text: String) -> Substring? {
    for quote in ["'", "\""] {
      guard let range = text.ranges(of: quote + key + quote).first else { continue }
      let rest = text[range.upperBound...].drop { $0 == " " }
      guard rest.first == ":" else { continue }
      return rest.dropFirst().drop { $0 == " " }
    }
    return nil
  }

  private func elementType(_ name: String) -> ElementType? {
    switch name {
    case "|b1", "?": .bool
    case "|i1", "<i1": .int8
    case "|u1", "<u1": .uint8
    case "<i2": .int16
    case "<u2": .uint16
    case "<i4": .int32
    case "<u4": .uint32
    case "<i8": .int64
    case "<u8": .uint64
    case "<f4": .float32
    case "<f8": .float64
    default: nil
    }
  }

  private func parseShape(_ text: Substring) throws(FormatError) -> [Int] {
    guard text.first == "(", let end = text.firstIndex(of: ")") else {
      throw Self.failure(.malformedArray, "the shape is malformed", expected: "a tuple")
    }
    var shape: [Int] = []
    for part in text[text.index(after: text.startIndex)..<end].split(separator: ",") {
      let digits = part.filter { $0 != " " }
      if digits.isEmpty { continue }
      guard let length = Int(digits), length >= 0, digits.first != "+" else {
        throw Self.failure(
          .malformedArray, "the shape is malformed: \(part)", expected: "lengths of at least 0")
      }
      shape.append(length)
    }
    return shape
  }

  // MARK: Elements

  private mutating func takeElements(_ header: Header) throws(FormatError) {
    let size = header.type.bytes
    let available = pending.count / size
    let missing = header.count - taken
    let trailing = pending.count - missing * size
    guard available <= missing, trailing <= 0 else {
      throw Self.failure(
        .malformedArray, "there are bytes behind the last element",
        expected: "\(header.count) elements of shape \(header.shape)")
    }
    let bytes = pending
    bytes.withUnsafeBytes { buffer in
      for index in 0..<available { append(header.type, buffer, index * size) }
    }
    taken += available
    pending = Array(bytes[(available * size)...])
  }

  private mutating func append(
    _ type: ElementType, _ buffer: UnsafeRawBufferPointer, _ offset: Int
  ) {
    func load<Value: FixedWidthInteger>(_: Value.Type) -> Value {
      Value(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
    switch type {
    case .bool: integers.append(load(UInt8.self) == 0 ? 0 : 1)
    case .int8: integers.append(Int32(load(Int8.self)))
    case .uint8: integers.append(Int32(load(UInt8.self)))
    case .int16: integers.append(Int32(load(Int16.self)))
    case .uint16: integers.append(Int32(load(UInt16.self)))
    case .int32: integers.append(load(Int32.self))
    case .uint32: longIntegers.append(Int64(load(UInt32.self)))
    case .int64: longIntegers.append(load(Int64.self))
    case .uint64: longIntegers.append(Int64(clamping: load(UInt64.self)))
    case .float32: numbers.append(Double(Float(bitPattern: load(UInt32.self))))
    case .float64: numbers.append(Double(bitPattern: load(UInt64.self)))
    }
  }
}
