/// How one proto3 type is read, measured and written: lists and maps are generic over it.
///
/// Conformers are empty enums, so that every use is specialised to plain code.
public protocol WireKind {
  associatedtype Value: Sendable & Equatable

  static var wireType: WireType { get }
  static var defaultValue: Value { get }
  /// Size in bytes without a tag, with the length prefix where the wire type has one.
  static func size(of value: Value) -> Int
  static func write(_ value: Value, to writer: inout WireWriter)
  /// Reads the field over `value`: replaces scalars, merges messages.
  static func merge(
    into value: inout Value, from reader: inout WireReader, field: StaticString
  ) throws(CodecError)
}

/// A proto3 type that is no message.
public protocol ScalarKind: WireKind {
  /// Bytes of every value, or 0 where that depends on the value.
  static var fixedSize: Int { get }
  static func read(from reader: inout WireReader, field: StaticString) throws(CodecError) -> Value
  /// The value as field visitors see it.
  static func scalar(_ value: Value) -> ScalarValue
}

extension ScalarKind {
  @inlinable
  public static var fixedSize: Int { 0 }

  @inlinable
  public static func merge(
    into value: inout Value, from reader: inout WireReader, field: StaticString
  ) throws(CodecError) {
    value = try read(from: &reader, field: field)
  }
}

/// A proto3 type that may be the key of a map.
public protocol MapKeyKind: ScalarKind where Value: Hashable {
  /// Whether `lhs` is encoded before `rhs`.
  static func precedes(_ lhs: Value, _ rhs: Value) -> Bool
}

extension MapKeyKind where Value: Comparable {
  @inlinable
  public static func precedes(_ lhs: Value, _ rhs: Value) -> Bool { lhs < rhs }
}

extension MapKeyKind {
  /// The entries in the order in which they are encoded, so that equal maps have equal bytes.
  @inlinable
  public static func sorted<V>(_ map: [Value: V]) -> [(key: Value, value: V)] {
    map.sorted { precedes($0.key, $1.key) }
  }
}

/// A message as the value of a map.
public enum MessageKind<M: Message>: WireKind {
  @inlinable public static var wireType: WireType { .lengthDelimited }
  @inlinable public static var defaultValue: M { M() }
  @inlinable public static func size(of value: M) -> Int { WireSize.message(value) }
  @inlinable public static func write(_ value: M, to writer: inout WireWriter) {
    writer.writeMessage(value)
  }
  @inlinable public static func merge(
    into value: inout M, from reader: inout WireReader, field: StaticString
  ) throws(CodecError) {
    try reader.readMessage(&value)
  }
}

/// An open enum.
public enum EnumKind<E: ProtoEnum>: ScalarKind {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static var defaultValue: E { E(rawValue: 0) }
  @inlinable public static func size(of value: E) -> Int { WireSize.int32(value.rawValue) }
  @inlinable public static func write(_ value: E, to writer: inout WireWriter) {
    writer.writeInt32(value.rawValue)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> E { try reader.readEnum() }
  @inlinable public static func scalar(_ value: E) -> ScalarValue { .enumeration(value) }
}
