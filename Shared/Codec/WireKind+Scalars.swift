// One kind for each scalar of proto3, all of one shape.

/// The `int32` of proto3.
public enum Int32Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static var defaultValue: Int32 { 0 }
  @inlinable public static func size(of value: Int32) -> Int { WireSize.int32(value) }
  @inlinable public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.writeInt32(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Int32 { try reader.readInt32() }
  @inlinable public static func scalar(_ value: Int32) -> ScalarValue { .int32(value) }
}

/// The `int64` of proto3.
public enum Int64Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static var defaultValue: Int64 { 0 }
  @inlinable public static func size(of value: Int64) -> Int { WireSize.int64(value) }
  @inlinable public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.writeInt64(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Int64 { try reader.readInt64() }
  @inlinable public static func scalar(_ value: Int64) -> ScalarValue { .int64(value) }
}

/// The `uint32` of proto3.
public enum UInt32Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static var defaultValue: UInt32 { 0 }
  @inlinable public static func size(of value: UInt32) -> Int { WireSize.uint32(value) }
  @inlinable public static func write(_ value: UInt32, to writer: inout WireWriter) {
    writer.writeUInt32(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> UInt32 { try reader.readUInt32() }
  @inlinable public static func scalar(_ value: UInt32) -> ScalarValue { .uint32(value) }
}

/// The `uint64` of proto3.
public enum UInt64Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static var defaultValue: UInt64 { 0 }
  @inlinable public static func size(of value: UInt64) -> Int { WireSize.uint64(value) }
  @inlinable public static func write(_ value: UInt64, to writer: inout WireWriter) {
    writer.writeUInt64(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> UInt64 { try reader.readUInt64() }
  @inlinable public static func scalar(_ value: UInt64) -> ScalarValue { .uint64(value) }
}

/// The `sint32` of proto3.
public enum SInt32Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static var defaultValue: Int32 { 0 }
  @inlinable public static func size(of value: Int32) -> Int { WireSize.sint32(value) }
  @inlinable public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.writeSInt32(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Int32 { try reader.readSInt32() }
  @inlinable public static func scalar(_ value: Int32) -> ScalarValue { .int32(value) }
}

/// The `sint64` of proto3.
public enum SInt64Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static var defaultValue: Int64 { 0 }
  @inlinable public static func size(of value: Int64) -> Int { WireSize.sint64(value) }
  @inlinable public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.writeSInt64(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Int64 { try reader.readSInt64() }
  @inlinable public static func scalar(_ value: Int64) -> ScalarValue { .int64(value) }
}

/// The `fixed32` of proto3.
public enum Fixed32Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .fixed32 }
  @inlinable public static var defaultValue: UInt32 { 0 }
  @inlinable public static var fixedSize: Int { 4 }
  @inlinable public static func size(of value: UInt32) -> Int { 4 }
  @inlinable public static func write(_ value: UInt32, to writer: inout WireWriter) {
    writer.writeFixed32(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> UInt32 { try reader.readFixed32() }
  @inlinable public static func scalar(_ value: UInt32) -> ScalarValue { .uint32(value) }
}

/// The `fixed64` of proto3.
public enum Fixed64Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .fixed64 }
  @inlinable public static var defaultValue: UInt64 { 0 }
  @inlinable public static var fixedSize: Int { 8 }
  @inlinable public static func size(of value: UInt64) -> Int { 8 }
  @inlinable public static func write(_ value: UInt64, to writer: inout WireWriter) {
    writer.writeFixed64(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> UInt64 { try reader.readFixed64() }
  @inlinable public static func scalar(_ value: UInt64) -> ScalarValue { .uint64(value) }
}

/// The `sfixed32` of proto3.
public enum SFixed32Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .fixed32 }
  @inlinable public static var defaultValue: Int32 { 0 }
  @inlinable public static var fixedSize: Int { 4 }
  @inlinable public static func size(of value: Int32) -> Int { 4 }
  @inlinable public static func write(_ value: Int32, to writer: inout WireWriter) {
    writer.writeSFixed32(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Int32 { try reader.readSFixed32() }
  @inlinable public static func scalar(_ value: Int32) -> ScalarValue { .int32(value) }
}

/// The `sfixed64` of proto3.
public enum SFixed64Kind: MapKeyKind {
  @inlinable public static var wireType: WireType { .fixed64 }
  @inlinable public static var defaultValue: Int64 { 0 }
  @inlinable public static var fixedSize: Int { 8 }
  @inlinable public static func size(of value: Int64) -> Int { 8 }
  @inlinable public static func write(_ value: Int64, to writer: inout WireWriter) {
    writer.writeSFixed64(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Int64 { try reader.readSFixed64() }
  @inlinable public static func scalar(_ value: Int64) -> ScalarValue { .int64(value) }
}

/// The `float` of proto3.
public enum FloatKind: ScalarKind {
  @inlinable public static var wireType: WireType { .fixed32 }
  @inlinable public static var defaultValue: Float { 0 }
  @inlinable public static var fixedSize: Int { 4 }
  @inlinable public static func size(of value: Float) -> Int { 4 }
  @inlinable public static func write(_ value: Float, to writer: inout WireWriter) {
    writer.writeFloat(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Float { try reader.readFloat() }
  @inlinable public static func scalar(_ value: Float) -> ScalarValue { .float(value) }
}

/// The `double` of proto3.
public enum DoubleKind: ScalarKind {
  @inlinable public static var wireType: WireType { .fixed64 }
  @inlinable public static var defaultValue: Double { 0 }
  @inlinable public static var fixedSize: Int { 8 }
  @inlinable public static func size(of value: Double) -> Int { 8 }
  @inlinable public static func write(_ value: Double, to writer: inout WireWriter) {
    writer.writeDouble(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Double { try reader.readDouble() }
  @inlinable public static func scalar(_ value: Double) -> ScalarValue { .double(value) }
}

/// The `bool` of proto3.
public enum BoolKind: MapKeyKind {
  @inlinable public static var wireType: WireType { .varint }
  @inlinable public static var defaultValue: Bool { false }
  @inlinable public static func size(of value: Bool) -> Int { 1 }
  @inlinable public static func write(_ value: Bool, to writer: inout WireWriter) {
    writer.writeBool(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> Bool { try reader.readBool() }
  @inlinable public static func scalar(_ value: Bool) -> ScalarValue { .bool(value) }
  @inlinable public static func precedes(_ lhs: Bool, _ rhs: Bool) -> Bool { !lhs && rhs }
}

/// The `string` of proto3.
public enum StringKind: ScalarKind {
  @inlinable public static var wireType: WireType { .lengthDelimited }
  @inlinable public static var defaultValue: String { "" }
  @inlinable public static func size(of value: String) -> Int { WireSize.string(value) }
  @inlinable public static func write(_ value: String, to writer: inout WireWriter) {
    writer.writeString(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> String { try reader.readString(field: field) }
  @inlinable public static func scalar(_ value: String) -> ScalarValue { .string(value) }
}

/// The `string` of proto3 as the key of a map.
public enum StringKeyKind: MapKeyKind {
  @inlinable public static var wireType: WireType { .lengthDelimited }
  @inlinable public static var defaultValue: UTF8Key { "" }
  @inlinable public static func size(of value: UTF8Key) -> Int { WireSize.string(value.string) }
  @inlinable public static func write(_ value: UTF8Key, to writer: inout WireWriter) {
    writer.writeString(value.string)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> UTF8Key { UTF8Key(try reader.readString(field: field)) }
  @inlinable public static func scalar(_ value: UTF8Key) -> ScalarValue { .string(value.string) }
}

/// The `bytes` of proto3.
public enum BytesKind: ScalarKind {
  @inlinable public static var wireType: WireType { .lengthDelimited }
  @inlinable public static var defaultValue: [UInt8] { [] }
  @inlinable public static func size(of value: [UInt8]) -> Int { WireSize.bytes(value) }
  @inlinable public static func write(_ value: [UInt8], to writer: inout WireWriter) {
    writer.writeBytes(value)
  }
  @inlinable public static func read(
    from reader: inout WireReader, field: StaticString
  ) throws(CodecError) -> [UInt8] { try reader.readBytes() }
  @inlinable public static func scalar(_ value: [UInt8]) -> ScalarValue { .bytes(value) }
}
