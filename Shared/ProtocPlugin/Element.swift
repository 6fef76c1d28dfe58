/// A value of a field's type, as the pieces of Swift that generated code is put together from.
struct Element {
  /// "Int32", "[UInt8]", "CatalogUseCase".
  let swiftType: String
  /// The conformer of `WireKind`, "Int32Kind".
  let kind: String
  /// The same for the key of a map.
  var keyKind: String { isText ? "StringKeyKind" : kind }
  let wireType: UInt32
  /// "Int32" of `readInt32`, `writeInt32`.
  let method: String
  /// Bytes of every value where they are always the same.
  let fixedSize: Int?
  let defaultValue: String
  let category: Category

  enum Category { case number, floatingPoint, bool, text, bytes, enumeration, message }

  var isMessage: Bool { category == .message }
  var isText: Bool { category == .text }
  var isPackable: Bool { wireType != 2 }

  // MARK: Expressions

  func read(fieldName: String) -> String {
    category == .text
      ? "try reader.readString(field: \(literal(fieldName)))" : "try reader.read\(method)()"
  }

  func write(_ value: String) -> String { "writer.write\(method)(\(value))" }

  func size(_ value: String) -> String {
    switch category {
    case .enumeration: "WireSize.enumeration(\(value))"
    case .message: "WireSize.message(\(value))"
    default: fixedSize.map(String.init) ?? "WireSize.\(method.sizeName)(\(value))"
    }
  }

  func isSet(_ value: String) -> String {
    switch category {
    case .number: "\(value) != 0"
    case .floatingPoint: "\(value).bitPattern != 0"
    case .bool: value
    case .text, .bytes: "!\(value).isEmpty"
    case .enumeration: "\(value).rawValue != 0"
    case .message: "true"
    }
  }

  func scalar(_ value: String) -> String { "\(kind).scalar(\(value))" }

  // MARK: From the schema

  init(_ field: FieldDescriptor, types: TypeTable) throws(GeneratorError) {
    switch field.type {
    case .message:
      guard let type = types.messages[field.typeName] else {
        throw .unknownType(field: field.name, type: field.typeName)
      }
      guard type.syntax == "proto3" else {
        throw .proto2Type(field: field.name, type: field.typeName, file: type.file)
      }
      swiftType = type.swiftName
      kind = "MessageKind<\(type.swiftName)>"
      (wireType, method, fixedSize) = (2, "Message", nil)
      defaultValue = "\(type.swiftName)()"
      category = .message
    case .enum:
      guard let type = types.enums[field.typeName] else {
        throw .unknownType(field: field.name, type: field.typeName)
      }
      swiftType = type.swiftName
      kind = "EnumKind<\(type.swiftName)>"
      (wireType, method, fixedSize) = (0, "Enum", nil)
      defaultValue = "\(type.swiftName)()"
      category = .enumeration
    default:
      guard let scalar = Self.scalars[field.type] else {
        throw .unsupportedType(field: field.name)
      }
      self = scalar
    }
  }

  private init(
    _ method: String, _ swiftType: String, _ wireType: UInt32, _ category: Category,
    defaultValue: String = "0", size: Int? = nil
  ) {
    self.swiftType = swiftType
    self.kind = method + "Kind"
    self.wireType = wireType
    self.method = method
    self.fixedSize = size
    self.defaultValue = defaultValue
    self.category = category
  }

  private static let scalars: [FieldType: Element] = [
    .int32: Element("Int32", "Int32", 0, .number),
    .int64: Element("Int64", "Int64", 0, .number),
    .uint32: Element("UInt32", "UInt32", 0, .number),
    .uint64: Element("UInt64", "UInt64", 0, .number),
    .sint32: Element("SInt32", "Int32", 0, .number),
    .sint64: Element("SInt64", "Int64", 0, .number),
    .fixed32: Element("Fixed32", "UInt32", 5, .number, size: 4),
    .fixed64: Element("Fixed64", "UInt64", 1, .number, size: 8),
    .sfixed32: Element("SFixed32", "Int32", 5, .number, size: 4),
    .sfixed64: Element("SFixed64", "Int64", 1, .number, size: 8),
    .float: Element("Float", "Float", 5, .floatingPoint, size: 4),
    .double: Element("Double", "Double", 1, .floatingPoint, size: 8),
    .bool: Element("Bool", "Bool", 0, .bool, defaultValue: "false", size: 1),
    .string: Element("String", "String", 2, .text, defaultValue: "\"\""),
    .bytes: Element("Bytes", "[UInt8]", 2, .bytes, defaultValue: "[]"),
  ]
}

extension String {
  /// "Int32" as in `WireSize.int32`.
  fileprivate var sizeName: String { lowercased() }
}
