/// Reads NPY files of versions 1 to 3: little-endian booleans, integers and floats in C order.
///
/// The file streams; only the elements are kept.
public struct NPYReader: Sendable {
  /// How every NPY file begins.
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  private struct Header: Sendable {
    let type: NPYArray.ElementType
    let shape: [Int]
    let count: Int

    var byteCount: Int { count * type.width }
  }

  private let limits: FormatLimits
  private var header: Header?
  /// The bytes behind the header; before it was found, all bytes.
  private var bytes: [UInt8] = []

  public init(limits: FormatLimits = .defaults) { self.limits = limits }

  /// Takes the next bytes of the file, cut anywhere.
  public mutating func read(_ chunk: UnsafeRawBufferPointer) throws(FormatError) {
    bytes.append(contentsOf: chunk)
    if header == nil { header = try takeHeader() }
    guard let header, bytes.count > header.byteCount else { return }
    throw Self.failure(
      .malformedArray, "there are bytes behind the last element",
      expected: "\(header.count) elements of shape \(header.shape)")
  }

  /// The array, when the file has ended.
  public mutating func finish() throws(FormatError) -> NPYArray {
    guard let header else {
      throw Self.failure(
        bytes.isEmpty ? .emptyFile : .truncated,
        bytes.isEmpty ? "the file is empty" : "the file ends inside its header",
        expected: "an NPY file")
    }
    guard bytes.count == header.byteCount else {
      throw Self.failure(
        .truncated, "the file ends after \(bytes.count / header.type.width) elements",
        expected: "\(header.count) elements of shape \(header.shape)")
    }
    return NPYArray(shape: header.shape, type: header.type, bytes: bytes)
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
    guard bytes.prefix(6).elementsEqual(Self.magic.prefix(bytes.count)) else {
      throw Self.failure(
        .malformedArray, "the file does not begin as an NPY file",
        expected: "the bytes 93 4E 55 4D 50 59")
    }
    guard bytes.count >= 12 else { return nil }
    let version = bytes[6]
    guard (1...3).contains(version) else {
      throw Self.failure(
        .malformedArray, "NPY version \(version) is unknown", expected: "version 1, 2 or 3")
    }
    let lengthBytes = version == 1 ? 2 : 4
    let length = (0..<lengthBytes).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    guard length <= limits.maximumFieldBytes else {
      throw Self.failure(
        .limitExceeded, "the header has \(length) bytes",
        expected: "at most \(limits.maximumFieldBytes)")
    }
    let end = 8 + lengthBytes + length
    guard bytes.count >= end else { return nil }
    let text = String(decoding: bytes[(8 + lengthBytes)..<end], as: UTF8.self)
    let header = try parse(text)
    bytes.removeFirst(end)
    // A damaged header may claim anything: beyond 64 MiB only what comes is believed.
    bytes.reserveCapacity(min(header.byteCount, 1 << 26))
    return header
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
      guard !overflow, product <= min(limits.maximumElements, Int.max / 8) else {
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

  private func elementType(_ name: String) -> NPYArray.ElementType? {
    // Of single bytes the order may be named all the same.
    switch name {
    case "?": .bool
    case "<i1": .int8
    case "<u1": .uint8
    default: NPYArray.ElementType(rawValue: name)
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
}
