/// The file that lists what all the others describe.
struct RegistryGenerator {
  let name: String
  let request: CodeGeneratorRequest
  let parameters: Parameters
  let types: TypeTable

  func source() -> String {
    let generated = Set(request.filesToGenerate)
    let files = request.files.filter { generated.contains($0.name) }
    // Imported, but generated nowhere: descriptor.proto. Their bytes are kept here.
    let imported = request.files.filter {
      !generated.contains($0.name) && !parameters.elsewhere.contains($0.name)
    }
    let services = files.flatMap { file in
      file.services.map { service -> (proto: String, swift: String) in
        let name = TypeTable.scope(of: file) + "." + service.name
        return (proto: String(name.dropFirst()), swift: types.services[name] ?? service.name)
      }
    }

    var source = SourceText()
    source.lines(FileGenerator.header("all schemas"))
    source.line()
    let modules = Set(["Codec"] + parameters.imports + (services.isEmpty ? [] : ["RPC"]))
    for module in modules.sorted() { source.line("import \(module)") }
    source.line()
    source.documentation(
      " Everything that the schemas describe, for reflection, routing and access.")
    source.block("public enum \(name)") { source in
      source.documentation(
        " Every file's serialized google.protobuf.FileDescriptorProto, dependencies first.")
      source.line("public static let all: [[UInt8]] = [")
      for entry in parameters.elsewhere { source.line("  \(fileType(entry)).descriptor,") }
      for file in request.files where !parameters.elsewhere.contains(file.name) {
        let isEmbedded = !generated.contains(file.name)
        let bytes = isEmbedded ? embeddedName(file) : fileType(file.name) + ".descriptor"
        source.line("  \(bytes),")
      }
      source.line("]")
      source.line()
      source.documentation(" Full proto names of the services.")
      let names = services.map { literal($0.proto) }.joined(separator: ", ")
      source.line("public static let services: [String] = [\(names)]")
      if !services.isEmpty { methods(services.map(\.swift), into: &source) }
      for file in imported {
        source.line()
        FileGenerator.embed(
          file.serialized, as: "private static let \(embeddedName(file))", into: &source)
      }
    }
    return source.text
  }

  private func methods(_ services: [String], into source: inout SourceText) {
    source.line()
    source.documentation(" Every method of every service.")
    let lists = services.map { $0 + "Methods.all" }.joined(separator: ", ")
    source.line("public static let methods: [MethodDescriptor] = [")
    source.line("  \(lists)")
    source.line("].flatMap { (methods: [MethodDescriptor]) in methods }")
  }

  private func fileType(_ path: String) -> String {
    types.fileTypes[path] ?? Naming.fileType(path)
  }

  private func embeddedName(_ file: FileDescriptor) -> String {
    let type = fileType(file.name)
    return type.prefix(1).lowercased() + type.dropFirst()
  }
}
