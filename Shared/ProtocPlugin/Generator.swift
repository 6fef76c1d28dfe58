import Codec

/// Why no Swift can be written for a schema.
enum GeneratorError: Error, CustomStringConvertible {
  case notProto3(file: String, syntax: String)
  case unknownParameter(String)
  case unknownFile(String)
  case unknownDeferred(method: String)
  case streamingDeferred(method: String)
  case unknownType(field: String, type: String)
  case proto2Type(field: String, type: String, file: String)
  case unsupportedType(field: String)

  var description: String {
    switch self {
    case .notProto3(let file, let syntax):
      "\(file) is \(syntax.isEmpty ? "proto2" : syntax); protoc-gen-assay-swift reads proto3 only"
    case .unknownParameter(let parameter):
      "parameter \"\(parameter)\" is unknown; known are Imports=MODULE, Registry=NAME, "
        + "Elsewhere=FILE.proto and Deferred=METHOD, a unary one"
    case .unknownFile(let file):
      "protoc asked for \(file) but did not describe it"
    case .unknownDeferred(let method):
      "Deferred=\(method) names no method that protoc described"
    case .streamingDeferred(let method):
      "Deferred=\(method) names a streaming method; only a unary one can answer later"
    case .unknownType(let field, let type):
      "field \(field) has the type \(type), which protoc did not describe"
    case .proto2Type(let field, let type, let file):
      "field \(field) has the type \(type) of \(file), which is not proto3; "
        + "protoc-gen-assay-swift reads proto3 only"
    case .unsupportedType(let field):
      "field \(field) has a type that proto3 does not have"
    }
  }
}

/// What was said behind `--assay-swift_opt`.
struct Parameters {
  /// Modules that the generated files import besides Codec.
  var imports: [String] = []
  /// Name of the enum that lists all descriptors and methods, in a file of its own.
  var registry: String?
  /// Files whose generated code is in one of the imported modules.
  var elsewhere: [String] = []
  /// Full names of the unary methods whose handlers answer later, without a task.
  var deferred: [String] = []

  init(_ text: String) throws(GeneratorError) {
    for entry in text.split(separator: ",") {
      let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw .unknownParameter(String(entry)) }
      switch parts[0] {
      case "Imports": imports.append(parts[1])
      case "Registry": registry = parts[1]
      case "Elsewhere": elsewhere.append(parts[1])
      case "Deferred": deferred.append(parts[1])
      default: throw .unknownParameter(String(entry))
      }
    }
  }
}

/// From protoc's request to the response that it reads.
enum Generator {
  struct Output {
    var name: String
    var content: String
  }

  /// A serialized CodeGeneratorResponse.
  static func response(to request: CodeGeneratorRequest) -> [UInt8] {
    do {
      return encode(error: "", outputs: try outputs(for: request))
    } catch {
      return encode(error: error.description, outputs: [])
    }
  }

  static func outputs(
    for request: CodeGeneratorRequest
  ) throws(GeneratorError) -> [Output] {
    let parameters = try Parameters(request.parameter)
    try checkDeferred(parameters, request)
    let types = TypeTable(request.files)
    var outputs: [Output] = []
    let paths = Naming.outputPaths(request.filesToGenerate)
    for (name, path) in zip(request.filesToGenerate, paths) {
      guard let file = request.files.first(where: { $0.name == name }) else {
        throw .unknownFile(name)
      }
      guard file.syntax == "proto3" else { throw .notProto3(file: name, syntax: file.syntax) }
      let generator = FileGenerator(file: file, types: types, parameters: parameters)
      outputs.append(Output(name: path, content: try generator.source()))
    }
    if let registry = parameters.registry {
      let generator = RegistryGenerator(
        name: registry, request: request, parameters: parameters, types: types)
      outputs.append(Output(name: registry + ".swift", content: generator.source()))
    }
    return outputs
  }

  private static func checkDeferred(
    _ parameters: Parameters, _ request: CodeGeneratorRequest
  ) throws(GeneratorError) {
    for name in parameters.deferred {
      guard let method = method(name, request) else { throw .unknownDeferred(method: name) }
      guard !method.isClientStreaming, !method.isServerStreaming else {
        throw .streamingDeferred(method: name)
      }
    }
  }

  private static func method(_ name: String, _ request: CodeGeneratorRequest) -> RPCDescriptor? {
    for file in request.files {
      let package = file.package.isEmpty ? "" : file.package + "."
      for service in file.services {
        let found = service.methods.first { "\(package)\(service.name).\($0.name)" == name }
        if let found { return found }
      }
    }
    return nil
  }

  /// CodeGeneratorResponse: error 1, supported_features 2, file 15 { name 1, content 15 }.
  private static func encode(error: String, outputs: [Output]) -> [UInt8] {
    let featureProto3Optional: UInt64 = 1
    let files = outputs.map { file in
      1 + WireSize.string(file.name) + 1 + WireSize.string(file.content)
    }
    var size = 1 + WireSize.uint64(featureProto3Optional)
    if !error.isEmpty { size += 1 + WireSize.string(error) }
    for file in files { size += 1 + WireSize.delimited(file) }
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var writer = WireWriter(UnsafeMutableRawBufferPointer(buffer))
      if !error.isEmpty {
        writer.writeTag(1 << 3 | 2)
        writer.writeString(error)
      }
      writer.writeTag(2 << 3)
      writer.writeUInt64(featureProto3Optional)
      for (file, length) in zip(outputs, files) {
        writer.writeTag(15 << 3 | 2)
        writer.writeVarint(UInt64(length))
        writer.writeTag(1 << 3 | 2)
        writer.writeString(file.name)
        writer.writeTag(15 << 3 | 2)
        writer.writeString(file.content)
      }
      count = writer.offset
    }
  }
}
