/// How a field is called.
public struct FieldName: Sendable {
  public let number: Int
  /// As in the schema, "display_name".
  public let proto: StaticString
  /// As in JSON, "displayName".
  public let json: StaticString

  @inlinable
  public init(_ number: Int, _ proto: StaticString, json: StaticString) {
    self.number = number
    self.proto = proto
    self.json = json
  }
}

/// A value of any proto3 type but a message.
public enum ScalarValue: Sendable {
  case int32(Int32)
  case int64(Int64)
  case uint32(UInt32)
  case uint64(UInt64)
  case float(Float)
  case double(Double)
  case bool(Bool)
  case string(String)
  case bytes([UInt8])
  /// An enum's number, and its name where the schema has one.
  case enumValue(number: Int32, name: String?)

  public static func enumeration(_ value: some ProtoEnum) -> ScalarValue {
    .enumValue(number: value.rawValue, name: value.protoName)
  }

  /// Whether this is what an absent field reads as, bit for bit: -0.0 is not.
  public var isDefault: Bool {
    switch self {
    case .int32(let value): value == 0
    case .int64(let value): value == 0
    case .uint32(let value): value == 0
    case .uint64(let value): value == 0
    case .float(let value): value.bitPattern == 0
    case .double(let value): value.bitPattern == 0
    case .bool(let value): !value
    case .string(let value): value.isEmpty
    case .bytes(let value): value.isEmpty
    case .enumValue(let number, _): number == 0
    }
  }
}

/// Sees a message's fields one by one, in the schema's order; for printing, not for speed.
///
/// Fields with presence (messages, `optional`, oneofs) are shown when they are present. All others
/// are always shown, empty ones and defaults too.
public protocol FieldVisitor {
  mutating func visitScalar(_ field: FieldName, _ value: ScalarValue, hasPresence: Bool)
  mutating func visitMessage<M: Message>(_ field: FieldName, _ value: M)
  mutating func visitRepeated(_ field: FieldName, _ values: [ScalarValue])
  mutating func visitRepeated<M: Message>(_ field: FieldName, _ values: [M])
  mutating func visitMap(_ field: FieldName, _ entries: [(key: ScalarValue, value: ScalarValue)])
  mutating func visitMap<M: Message>(_ field: FieldName, _ entries: [(key: ScalarValue, value: M)])
}

extension FieldVisitor {
  /// A repeated field of scalars.
  public mutating func visitRepeated<K: ScalarKind>(
    _ field: FieldName, _: K.Type, _ values: [K.Value]
  ) {
    visitRepeated(field, values.map(K.scalar))
  }

  /// A map of scalars, sorted by key.
  public mutating func visitMap<K: MapKeyKind, V: ScalarKind>(
    _ field: FieldName, _: K.Type, _: V.Type, _ map: [K.Value: V.Value]
  ) {
    visitMap(field, K.sorted(map).map { (key: K.scalar($0.key), value: V.scalar($0.value)) })
  }

  /// A map of messages, sorted by key.
  public mutating func visitMap<K: MapKeyKind, M: Message>(
    _ field: FieldName, _: K.Type, _: MessageKind<M>.Type, _ map: [K.Value: M]
  ) {
    visitMap(field, K.sorted(map).map { (key: K.scalar($0.key), value: $0.value) })
  }
}
