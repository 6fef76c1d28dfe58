/// A proto3 enum, which is open: numbers that the schema does not know are kept as
/// `.unrecognized`, never lost and never an error.
public protocol ProtoEnum: RawRepresentable<Int32>, CaseIterable, Sendable, Hashable,
  CustomStringConvertible
{
  /// The value 0.
  init()

  /// The value with this number; `.unrecognized` when the schema has none.
  init(rawValue: Int32)

  /// The value with this name in the schema, "TASK_REGRESSION", or nil.
  init?(protoName: String)

  /// The name in the schema, "TASK_REGRESSION", or nil for an unrecognised number.
  var protoName: String? { get }
}

extension ProtoEnum {
  @inlinable
  public init() { self.init(rawValue: 0) }

  /// The name in the schema, or the number where it has none.
  public var description: String { protoName ?? String(rawValue) }
}
