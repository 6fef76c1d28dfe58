/// Fields that the schema at hand does not know: their bytes as they came, tags and all.
///
/// They are written again behind the known ones, so a message passes unharmed through a service
/// that is older than its sender.
public struct UnknownFields: Sendable, Hashable {
  public private(set) var bytes: [UInt8] = []

  @inlinable
  public init() {}

  @inlinable
  public var count: Int { bytes.count }

  @inlinable
  public var isEmpty: Bool { bytes.isEmpty }

  /// Adds the bytes of whole fields.
  public mutating func append(_ fields: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: fields)
  }

  @inlinable
  public func encode(into writer: inout WireWriter) {
    guard !bytes.isEmpty else { return }
    bytes.withUnsafeBytes { writer.writeRaw($0) }
  }
}
