// What the generator needs to know of google/protobuf/descriptor.proto, as plain values.

struct FileDescriptor {
  var name = ""
  var package = ""
  var dependencies: [String] = []
  var messages: [MessageDescriptor] = []
  var enums: [EnumDescriptor] = []
  var services: [ServiceDescriptor] = []
  var swiftPrefix: String?
  var syntax = ""
  /// Comments by the path of what they stand at, as in SourceCodeInfo.
  var comments: [[Int32]: String] = [:]
  /// The serialized descriptor without its comments.
  var serialized: [UInt8] = []
}

struct MessageDescriptor {
  var name = ""
  var fields: [FieldDescriptor] = []
  var messages: [MessageDescriptor] = []
  var enums: [EnumDescriptor] = []
  var oneofs: [String] = []
  /// Set on the messages that protoc makes up for map fields.
  var isMapEntry = false
}

/// The wire types of fields by their numbers in FieldDescriptorProto.Type.
enum FieldType: Int32 {
  case double = 1
  case float, int64, uint64, int32, fixed64, fixed32, bool, string
  case group, message, bytes, uint32, `enum`, sfixed32, sfixed64, sint32, sint64
}

struct FieldDescriptor {
  var name = ""
  var jsonName = ""
  var number: Int32 = 0
  var type = FieldType.int32
  /// Full name with a leading dot, for messages and enums.
  var typeName = ""
  var isRepeated = false
  var oneofIndex: Int?
  var isProto3Optional = false
  /// Whether the schema says so; repeated scalars are packed when it does not.
  var isPacked: Bool?
}

struct EnumDescriptor {
  var name = ""
  var values: [EnumValueDescriptor] = []
}

struct EnumValueDescriptor {
  var name = ""
  var number: Int32 = 0
}

struct ServiceDescriptor {
  var name = ""
  var methods: [RPCDescriptor] = []
}

/// An `rpc` of a service, with Assay's own options.
struct RPCDescriptor {
  var name = ""
  var input = ""
  var output = ""
  var isClientStreaming = false
  var isServerStreaming = false
  /// MethodOptions.IdempotencyLevel: 0 unknown, 1 no side effects, 2 idempotent.
  var idempotency: Int32 = 0
  var roles: [Int32] = []
  var scope: Int32 = 0
  var defaultTimeoutMilliseconds: Int32 = 0
  var maxMessageBytes: Int32 = 0
}

/// What protoc asks for.
struct CodeGeneratorRequest {
  var filesToGenerate: [String] = []
  var parameter = ""
  /// All files to generate and all that they import, dependencies first.
  var files: [FileDescriptor] = []
}
